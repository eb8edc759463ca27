DROP FUNCTION program_budgets_find_code(bytea[], text);
