DROP FUNCTION program_budgets_hold(jsonb, text);
DROP FUNCTION program_budgets_choose_lots(bigint, bigint, timestamptz);
DROP FUNCTION program_budgets_refuse_early(jsonb, text);
DROP FUNCTION program_budgets_refuse(text, bigint, text, bigint, bigint, jsonb, text);
DROP FUNCTION program_budgets_resets_at(bigint, bigint);
DROP FUNCTION program_budgets_new_id();
