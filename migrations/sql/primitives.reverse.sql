DROP FUNCTION program_budgets_require_all_placed(bigint);
DROP FUNCTION program_budgets_move(bigint, bigint, bigint, text, text, bigint);
DROP FUNCTION program_budgets_remember(text, text, jsonb);
DROP FUNCTION program_budgets_replay(text, text);
DROP FUNCTION program_budgets_subtree(bigint);
DROP FUNCTION program_budgets_stop_postings();
DROP FUNCTION program_budgets_begin_posting();
DROP FUNCTION program_budgets_lock(bigint[]);
