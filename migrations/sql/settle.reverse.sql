DROP FUNCTION program_budgets_refund(jsonb, text);
DROP FUNCTION program_budgets_settle(jsonb, text);
DROP FUNCTION program_budgets_hold_state(program_budgets_hold, bigint, bigint);
DROP FUNCTION program_budgets_post_for_hold(program_budgets_hold, text, bigint, jsonb);
DROP FUNCTION program_budgets_lock_hold(uuid);
