-- Change a locked cap's ceiling by p_delta. Raising works at once; lowering below what is used
-- records the overhang, which is then the first share's alone.
CREATE FUNCTION program_budgets_change_ceiling(
    p_cap bigint, p_delta bigint, p_head program_budgets_posting
) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF p_delta < 0 THEN
        PERFORM program_budgets_divide(p_cap, 1, p_head.at);
    END IF;
    RETURN program_budgets_post(
        p_head, ARRAY[ROW(p_cap, NULL, p_delta, 0, 0, 0, 0, 0)::program_budgets_change]);
END
$$;

-- End a locked cap's temporary raises whose time is up at p_at, and remember when the next one's is.
-- Every purchase does so before it relies on them; the job only sees to the caps nobody uses.
CREATE FUNCTION program_budgets_end_raises(p_cap bigint, p_at timestamptz) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    v_cap program_budgets_limit;
    v_raise program_budgets_raise;
    v_head program_budgets_posting;
    v_ended int := 0;
BEGIN
    SELECT * INTO STRICT v_cap FROM program_budgets_limit WHERE id = p_cap;
    FOR v_raise IN
        SELECT * FROM program_budgets_raise
            WHERE cap_id = p_cap AND ended_at IS NULL AND ends_at <= p_at ORDER BY ends_at, id
    LOOP
        v_head := program_budgets_head_of_cap(
            v_cap, 'reversal', v_raise.amount, 'system:raises', 'temporary raise ended', p_at);
        v_head.reverses_id := v_raise.posting_id;
        PERFORM program_budgets_change_ceiling(p_cap, -v_raise.amount, v_head);
        UPDATE program_budgets_raise SET ended_at = p_at WHERE id = v_raise.id;
        v_ended := v_ended + 1;
    END LOOP;
    IF v_ended > 0 THEN
        PERFORM program_budgets_note_next_end(p_cap);
    END IF;
    RETURN v_ended;
END
$$;

CREATE FUNCTION program_budgets_note_next_end(p_cap bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE program_budgets_limit SET raise_ends_at = coming.ends_at
        FROM (
            SELECT min(ends_at) AS ends_at FROM program_budgets_raise
                WHERE cap_id = p_cap AND ended_at IS NULL
        ) coming
        WHERE cap_id = p_cap AND raise_ends_at IS DISTINCT FROM coming.ends_at;
END
$$;

-- A cap's ceiling without the temporary raises under way.
CREATE FUNCTION program_budgets_base_ceiling(p_cap bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT sum(ceiling) FROM program_budgets_limit WHERE cap_id = p_cap)
         - coalesce((SELECT sum(amount) FROM program_budgets_raise
                         WHERE cap_id = p_cap AND ended_at IS NULL), 0);
END
$$;

-- The job's: end the raises of p_request.limit that are over at p_request.at.
CREATE FUNCTION program_budgets_end_due_raises(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM program_budgets_begin_posting();
    PERFORM program_budgets_lock_cap((p_request ->> 'limit')::bigint);
    RETURN jsonb_build_object('status', 'ended', 'count', program_budgets_end_raises(
        (p_request ->> 'limit')::bigint, (p_request ->> 'at')::timestamptz));
END
$$;

-- Set a cap's ceiling; temporary raises under way come on top of it until they end.
CREATE FUNCTION program_budgets_set_ceiling(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_cap program_budgets_limit;
    v_answer jsonb;
    v_delta bigint;
    v_posting bigint;
BEGIN
    PERFORM program_budgets_begin_posting();
    PERFORM program_budgets_lock_cap((p_request ->> 'limit')::bigint);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO v_cap FROM program_budgets_limit WHERE cap_id = (p_request ->> 'limit')::bigint
        AND share = 0;
    IF v_cap.id IS NULL OR NOT v_cap.is_open THEN
        RETURN jsonb_build_object('status', CASE WHEN v_cap.id IS NULL THEN 'unknown' ELSE 'closed' END);
    END IF;
    PERFORM program_budgets_end_raises(v_cap.id, v_at);
    v_delta := (p_request ->> 'ceiling')::bigint - program_budgets_base_ceiling(v_cap.id);
    IF v_delta <> 0 THEN
        v_posting := program_budgets_change_ceiling(v_cap.id, v_delta, program_budgets_head_of_cap(
            v_cap, 'ceiling', abs(v_delta), p_request ->> 'actor', p_request ->> 'reason', v_at));
    END IF;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'set', 'limit', v_cap.id, 'posting', v_posting));
END
$$;

-- Raise a cap by p_request.amount until p_request.ends_at, when it ends by itself.
CREATE FUNCTION program_budgets_raise_cap(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_amount constant bigint := (p_request ->> 'amount')::bigint;
    v_cap program_budgets_limit;
    v_answer jsonb;
    v_raise bigint;
    v_posting bigint;
BEGIN
    PERFORM program_budgets_begin_posting();
    PERFORM program_budgets_lock_cap((p_request ->> 'limit')::bigint);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO v_cap FROM program_budgets_limit WHERE cap_id = (p_request ->> 'limit')::bigint
        AND share = 0;
    IF v_cap.id IS NULL OR NOT v_cap.is_open THEN
        RETURN jsonb_build_object('status', CASE WHEN v_cap.id IS NULL THEN 'unknown' ELSE 'closed' END);
    END IF;
    IF (p_request ->> 'ends_at')::timestamptz <= v_at THEN
        RETURN '{"status": "over"}';
    END IF;
    PERFORM program_budgets_end_raises(v_cap.id, v_at);
    v_posting := program_budgets_change_ceiling(v_cap.id, v_amount, program_budgets_head_of_cap(
        v_cap, 'ceiling', v_amount, p_request ->> 'actor', p_request ->> 'reason', v_at));
    INSERT INTO program_budgets_raise (cap_id, amount, ends_at, posting_id, reason, created_at)
        VALUES (v_cap.id, v_amount, (p_request ->> 'ends_at')::timestamptz, v_posting,
                p_request ->> 'reason', v_at)
        RETURNING id INTO v_raise;
    PERFORM program_budgets_note_next_end(v_cap.id);
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'raised', 'raise', v_raise, 'posting', v_posting));
END
$$;

-- Put a cap on an account. A new one starts from what the cycle has used under the account
-- already, so that it means the same whenever it is set. Only here are purchases kept waiting:
-- each posting for a hold takes the same lock shared, and so is either counted or comes after.
CREATE FUNCTION program_budgets_set_cap(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_ceiling constant bigint := (p_request ->> 'ceiling')::bigint;
    v_account constant bigint := (p_request ->> 'account')::bigint;
    v_program constant bigint := (p_request ->> 'program')::bigint;
    v_cycle constant bigint := (p_request ->> 'cycle')::bigint;
    v_unit constant text := p_request ->> 'unit';
    v_id constant bigint := nextval('program_budgets_limit_id_seq');
    v_answer jsonb;
    v_cap program_budgets_limit;
    v_posting bigint;
    v_held bigint;
    v_spent bigint;
BEGIN
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    INSERT INTO program_budgets_limit
        (id, kind, program_id, cycle_id, account_id, unit, ceiling, held, spent, overhang, is_open,
         lock_rank, cap_id, share, spread, takes_new)
    VALUES
        (v_id, 'cap', v_program, v_cycle, v_account, v_unit, 0, 0, 0, 0, true,
         (p_request ->> 'lock_rank')::int, v_id, 0, 1, true)
    ON CONFLICT DO NOTHING
    RETURNING * INTO v_cap;
    IF v_cap.id IS NULL THEN
        RETURN program_budgets_set_ceiling(
            p_request || jsonb_build_object('limit', (
                SELECT id FROM program_budgets_limit
                    WHERE kind = 'cap' AND share = 0 AND account_id = v_account AND unit = v_unit
                      AND program_id IS NOT DISTINCT FROM v_program
                      AND cycle_id IS NOT DISTINCT FROM v_cycle)),
            p_fingerprint);
    END IF;

    PERFORM program_budgets_stop_postings();
    IF EXISTS (SELECT FROM program_budgets_cycle WHERE id = v_cycle AND closed_at IS NOT NULL) THEN
        -- It was turned in between; the caller looks which one is open now.
        DELETE FROM program_budgets_limit WHERE id = v_id;
        RETURN '{"status": "closed"}';
    END IF;
    SELECT held, spent INTO v_held, v_spent
        FROM program_budgets_count_under(v_cap.id, v_account, v_program, v_cycle, v_unit);
    v_posting := program_budgets_post(
        program_budgets_head_of_cap(
            v_cap, 'ceiling', greatest(v_ceiling, v_held + v_spent), p_request ->> 'actor',
            p_request ->> 'reason', (p_request ->> 'at')::timestamptz),
        ARRAY[ROW(v_id, NULL, greatest(v_ceiling, v_held + v_spent), v_held, v_spent, 0, 0, 0)
                  ::program_budgets_change]);
    IF v_held + v_spent > v_ceiling THEN
        PERFORM program_budgets_change_ceiling(
            v_id, v_ceiling - v_held - v_spent,
            program_budgets_head_of_cap(
                v_cap, 'ceiling', v_held + v_spent - v_ceiling, p_request ->> 'actor',
                p_request ->> 'reason', (p_request ->> 'at')::timestamptz));
    END IF;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'set', 'limit', v_id, 'posting', v_posting));
END
$$;

-- Put the holds of the open cycle that an account's new cap has to count under it, and sum them up.
CREATE FUNCTION program_budgets_count_under(
    p_cap bigint, p_account bigint, p_program bigint, p_cycle bigint, p_unit text
) RETURNS TABLE (held bigint, spent bigint)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    WITH counted AS (
        UPDATE program_budgets_hold hold SET shares = shares || p_cap
            FROM program_budgets_cycle cycle
            WHERE cycle.id = hold.cycle_id AND cycle.closed_at IS NULL
              AND (p_program IS NULL OR hold.cycle_id = p_cycle)
              AND hold.account_id IN (SELECT id FROM program_budgets_subtree(p_account) id)
              AND CASE p_unit WHEN 'ITEM' THEN hold.items > hold.items_released
                      ELSE hold.unit = p_unit AND hold.amount > hold.released END
            RETURNING hold.*
    )
    SELECT coalesce(sum(CASE p_unit WHEN 'ITEM' THEN items - items_captured - items_released
                            ELSE amount - captured - released END), 0)::bigint,
           coalesce(sum(CASE p_unit WHEN 'ITEM' THEN items_captured - items_refunded
                            ELSE captured - refunded END), 0)::bigint
        FROM counted;
END
$$;
