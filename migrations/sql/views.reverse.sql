DROP VIEW program_budgets_cap;
DROP FUNCTION program_budgets_caps_at(timestamptz);
ALTER TABLE program_budgets_hold RESET (fillfactor);
ALTER TABLE program_budgets_lot RESET (fillfactor);
ALTER TABLE program_budgets_limit RESET (fillfactor);
