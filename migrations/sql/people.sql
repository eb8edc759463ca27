-- What was changed in people is on record for good, as money is.
CREATE TRIGGER program_budgets_append_only
    BEFORE UPDATE OR DELETE ON program_budgets_peoplechange
    FOR EACH ROW EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_no_truncate
    BEFORE TRUNCATE ON program_budgets_peoplechange
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_refuse_change();

-- People are settled, and lines marked, right after they were written: room for the second version
-- beside the first keeps that out of the indexes.
ALTER TABLE program_budgets_person SET (fillfactor = 50);
ALTER TABLE program_budgets_importline SET (fillfactor = 50);
