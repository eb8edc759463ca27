-- Hot rows change often: room in their pages lets a new version stay beside the old one.
ALTER TABLE program_budgets_limit SET (fillfactor = 50);
ALTER TABLE program_budgets_lot SET (fillfactor = 80);
ALTER TABLE program_budgets_hold SET (fillfactor = 80);

-- Keys are looked up whole, never by their beginning.
DROP INDEX IF EXISTS program_budgets_outcome_key_40ea3d85_like;
