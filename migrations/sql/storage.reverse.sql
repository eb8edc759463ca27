CREATE INDEX program_budgets_outcome_key_40ea3d85_like ON program_budgets_outcome (key varchar_pattern_ops);
ALTER TABLE program_budgets_hold RESET (fillfactor);
ALTER TABLE program_budgets_lot RESET (fillfactor);
ALTER TABLE program_budgets_limit RESET (fillfactor);
