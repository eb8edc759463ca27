DROP VIEW program_budgets_cap;
ALTER TABLE program_budgets_hold RESET (fillfactor);
ALTER TABLE program_budgets_lot RESET (fillfactor);
ALTER TABLE program_budgets_limit RESET (fillfactor);
