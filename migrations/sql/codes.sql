-- A code by its digest (under any of the shop's keys), with all that it is judged by. Rows by their
-- keys, one after another: a join over as many tables would be planned anew for each look, which
-- takes longer than the looks themselves. Where there is no such code, is_it is false and another
-- one is read in its place, so that the time tells nothing. What may be megabytes is left out.
CREATE FUNCTION program_budgets_find_code(
    p_digests bytea[],
    p_channel text,
    OUT code program_budgets_redemptioncode,
    OUT batch program_budgets_codebatch,
    OUT member program_budgets_member,
    OUT program program_budgets_program,
    OUT cycle program_budgets_cycle,
    OUT standing program_budgets_coderedemption,
    OUT is_of_store boolean,
    OUT is_it boolean
)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT * INTO code FROM program_budgets_redemptioncode row WHERE row.digest = ANY (p_digests);
    is_it := FOUND;
    IF NOT is_it THEN
        SELECT * INTO code FROM program_budgets_redemptioncode ORDER BY id LIMIT 1;
    END IF;
    SELECT * INTO batch FROM program_budgets_codebatch row WHERE row.id = code.batch_id;
    batch.recipients := NULL;
    batch.secret := NULL;
    batch.rejected := NULL;
    SELECT * INTO member FROM program_budgets_member row WHERE row.id = code.member_id;
    SELECT * INTO program FROM program_budgets_program row WHERE row.id = batch.program_id;
    SELECT * INTO cycle FROM program_budgets_cycle row
        WHERE row.program_id = program.id AND row.closed_at IS NULL;
    cycle.terms := NULL;
    SELECT * INTO standing FROM program_budgets_coderedemption row
        WHERE row.code_id = code.id AND row.returned_at IS NULL;
    is_of_store := EXISTS (
        SELECT FROM program_budgets_programchannel row
            WHERE row.program_id = program.id AND row.channel_id = p_channel
    );
END $$;
