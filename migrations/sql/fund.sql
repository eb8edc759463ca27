-- Give every member in p_request.members one new lot of p_request.amount; set-based. An
-- allotment is given once per member and period: who has it already is left out.
CREATE FUNCTION program_budgets_grant(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_amount constant bigint := (p_request ->> 'amount')::bigint;
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_limits bigint[];
    v_answer jsonb;
    v_count bigint;
    v_posting bigint;
BEGIN
    PERFORM program_budgets_begin_posting();
    SELECT array_agg(id) INTO v_limits FROM program_budgets_limit
        WHERE kind = 'member' AND unit = p_request ->> 'unit'
          AND member_id IN (SELECT value::bigint FROM jsonb_array_elements_text(p_request -> 'members'));
    IF coalesce(cardinality(v_limits), 0) <> jsonb_array_length(p_request -> 'members') THEN
        RETURN '{"status": "unknown_member"}';
    END IF;
    PERFORM program_budgets_lock(v_limits);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;

    WITH granted AS (
        INSERT INTO program_budgets_lot
            (limit_id, unit, cycle_id, origin, amount, held, spent, lapsed, withdrawn, moved,
             starts_at, expires_at, created_at, reason)
        SELECT id, p_request ->> 'unit', (p_request ->> 'cycle')::bigint, p_request ->> 'origin', v_amount, 0, 0, 0, 0, 0,
               (p_request ->> 'starts_at')::timestamptz, (p_request ->> 'expires_at')::timestamptz,
               v_at, p_request ->> 'reason'
            FROM unnest(v_limits) id
        ON CONFLICT DO NOTHING
        RETURNING id, limit_id
    ), raised AS (
        UPDATE program_budgets_limit budget SET ceiling = ceiling + v_amount
            FROM granted WHERE budget.id = granted.limit_id
            RETURNING budget.id, budget.program_id, budget.member_id, budget.unit
    ), posted AS (
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, member_id, account_id, unit, amount, items, checkout_id,
             order_id, actor, cause, at, created_at)
        SELECT CASE p_request ->> 'origin' WHEN 'adjustment' THEN 'adjustment' ELSE 'grant' END,
               raised.program_id, (p_request ->> 'cycle')::bigint, member.id, member.account_id,
               raised.unit, v_amount, 0, '', '', p_request ->> 'actor', p_request ->> 'reason',
               v_at, clock_timestamp()
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
    SELECT count(*) / 2, max(posting_id) INTO v_count, v_posting FROM written;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'granted', 'count', v_count, 'total', v_count * v_amount,
                           'posting', v_posting));
END
$$;

-- Take value back from a member's lots, in the order in which they would be consumed:
-- p_request.amount of it (a correction), or all that is available (null: a clawback). What is held
-- stays held.
CREATE FUNCTION program_budgets_withdraw(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_unit constant text := p_request ->> 'unit';
    v_asked constant bigint := (p_request ->> 'amount')::bigint;
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_limit bigint;
    v_answer jsonb;
    v_choice record;
    v_amount bigint;
    v_head program_budgets_posting;
    v_posting bigint;
BEGIN
    PERFORM program_budgets_begin_posting();
    v_limit := (program_budgets_lock_member((p_request ->> 'member')::bigint, v_unit))[1];
    IF v_limit IS NULL THEN
        RETURN '{"status": "unknown_member"}';
    END IF;
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO v_choice
        FROM program_budgets_choose_lots(v_limit, coalesce(v_asked, 9223372036854775807), v_at);
    v_amount := coalesce(v_asked, v_choice.available);
    IF v_amount > v_choice.available THEN
        RETURN jsonb_build_object('status', 'not_available', 'available', v_choice.available);
    END IF;
    IF v_amount > 0 THEN
        v_head := program_budgets_head(p_request ->> 'kind', p_request);
        SELECT program_id, id, account_id INTO v_head.program_id, v_head.member_id, v_head.account_id
            FROM program_budgets_member WHERE id = (p_request ->> 'member')::bigint;
        v_head.cycle_id := (p_request ->> 'cycle')::bigint;
        v_head.unit := v_unit;
        v_head.amount := v_amount;
        v_head.cause := p_request ->> 'reason';
        v_posting := program_budgets_post(v_head, ARRAY(
            SELECT ROW(v_limit, lot, 0, 0, 0, 0, take, 0)::program_budgets_change
                FROM unnest(v_choice.lots, v_choice.takes) pin (lot, take)));
    END IF;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'withdrawn', 'posting', v_posting, 'amount', v_amount));
END
$$;
