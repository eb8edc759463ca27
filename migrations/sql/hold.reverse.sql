DROP FUNCTION program_budgets_hold(jsonb, text);
DROP FUNCTION program_budgets_refuse(text, bigint, bigint, jsonb, text);
DROP FUNCTION program_budgets_caps(bigint, bigint, bigint, text);
