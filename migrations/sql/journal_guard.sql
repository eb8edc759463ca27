-- The journal is append-only, also for the owner of its tables.
CREATE FUNCTION program_budgets_refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: the journal is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'Correct a posting with a reversal.';
END
$$;

CREATE TRIGGER program_budgets_append_only
    BEFORE UPDATE OR DELETE ON program_budgets_posting
    FOR EACH ROW EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_append_only
    BEFORE UPDATE OR DELETE ON program_budgets_entry
    FOR EACH ROW EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_append_only
    BEFORE UPDATE OR DELETE ON program_budgets_refused
    FOR EACH ROW EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_append_only
    BEFORE UPDATE OR DELETE ON program_budgets_outcome
    FOR EACH ROW EXECUTE FUNCTION program_budgets_refuse_change();

CREATE TRIGGER program_budgets_no_truncate
    BEFORE TRUNCATE ON program_budgets_posting
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_no_truncate
    BEFORE TRUNCATE ON program_budgets_entry
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_no_truncate
    BEFORE TRUNCATE ON program_budgets_refused
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_no_truncate
    BEFORE TRUNCATE ON program_budgets_outcome
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_refuse_change();
