DROP FUNCTION program_budgets_set_cap(jsonb, text);
DROP FUNCTION program_budgets_set_ceiling(jsonb, text);
DROP FUNCTION program_budgets_grant(jsonb, text);
