-- Give every member in p_request.members one new lot of p_request.amount; set-based. An
-- allotment is given once per member and cycle: who has it already is left out.
CREATE FUNCTION program_budgets_grant(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_amount constant bigint := (p_request ->> 'amount')::bigint;
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_limits bigint[];
    v_answer jsonb;
    v_count bigint;
BEGIN
    SELECT array_agg(id) INTO v_limits FROM program_budgets_limit
        WHERE kind = 'member' AND unit = p_request ->> 'unit'
          AND member_id IN (SELECT value::bigint FROM jsonb_array_elements_text(p_request -> 'members'));
    PERFORM program_budgets_lock(v_limits);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;

    WITH granted AS (
        INSERT INTO program_budgets_lot
            (limit_id, cycle_id, origin, amount, held, spent, removed, expires_at, created_at, reason)
        SELECT id, (p_request ->> 'cycle')::bigint, p_request ->> 'origin', v_amount, 0, 0, 0,
               (p_request ->> 'expires_at')::timestamptz, v_at, p_request ->> 'reason'
            FROM unnest(v_limits) id
        ON CONFLICT DO NOTHING
        RETURNING id, limit_id
    ), raised AS (
        UPDATE program_budgets_limit budget SET ceiling = ceiling + v_amount
            FROM granted WHERE budget.id = granted.limit_id
            RETURNING budget.id, budget.program_id, budget.member_id, budget.unit
    ), posted AS (
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, member_id, account_id, unit, amount, checkout_id, order_id,
             actor, cause, at, created_at)
        SELECT 'grant', raised.program_id, (p_request ->> 'cycle')::bigint, member.id,
               member.account_id, raised.unit, v_amount, '', '', p_request ->> 'actor',
               p_request ->> 'reason', v_at, clock_timestamp()
            FROM raised JOIN program_budgets_member member ON member.id = raised.member_id
        RETURNING id, member_id
    ), written AS (
        INSERT INTO program_budgets_entry
            (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
        SELECT posted.id, raised.id, granted.id, line.bucket, line.sign * v_amount, 0,
               line.sign * v_amount
            FROM posted
            JOIN raised ON raised.member_id = posted.member_id
            JOIN granted ON granted.limit_id = raised.id
            CROSS JOIN (VALUES ('funding', -1), ('available', 1)) line (bucket, sign)
        RETURNING posting_id
    )
    SELECT count(*) / 2 INTO v_count FROM written;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'granted', 'count', v_count, 'total', v_count * v_amount));
END
$$;

-- Set a cap's ceiling. Raising works at once; lowering below what is used records the overhang.
CREATE FUNCTION program_budgets_set_ceiling(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_ceiling constant bigint := (p_request ->> 'ceiling')::bigint;
    v_limit program_budgets_limit;
    v_answer jsonb;
    v_posting bigint;
BEGIN
    PERFORM program_budgets_lock(ARRAY[(p_request ->> 'limit')::bigint]);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO STRICT v_limit FROM program_budgets_limit WHERE id = (p_request ->> 'limit')::bigint;
    IF v_ceiling <> v_limit.ceiling THEN
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, account_id, unit, amount, checkout_id, order_id, actor,
             cause, at, created_at)
        VALUES
            ('ceiling', v_limit.program_id, v_limit.cycle_id, v_limit.account_id, v_limit.unit,
             abs(v_ceiling - v_limit.ceiling), '', '', p_request ->> 'actor',
             p_request ->> 'reason', (p_request ->> 'at')::timestamptz, clock_timestamp())
        RETURNING id INTO v_posting;
        PERFORM program_budgets_move(
            v_posting, v_limit.id, NULL,
            CASE WHEN v_ceiling > v_limit.ceiling THEN 'funding' ELSE 'available' END,
            CASE WHEN v_ceiling > v_limit.ceiling THEN 'available' ELSE 'funding' END,
            abs(v_ceiling - v_limit.ceiling));
    END IF;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'set', 'limit', v_limit.id, 'posting', v_posting));
END
$$;
