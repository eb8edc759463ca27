DROP FUNCTION program_budgets_withdraw(jsonb, text);
DROP FUNCTION program_budgets_grant(jsonb, text);
