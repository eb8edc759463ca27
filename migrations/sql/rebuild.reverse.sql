DROP FUNCTION program_budgets_rebuild(jsonb, text);
DROP VIEW program_budgets_pin_from_journal;
DROP VIEW program_budgets_hold_from_journal;
