DROP VIEW program_budgets_cap;
DROP FUNCTION program_budgets_caps_at(timestamptz);
