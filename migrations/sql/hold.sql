-- The caps that a purchase by someone under p_account must fit under, nearest account first:
-- the program's own for this cycle, and those that count all programs.
CREATE FUNCTION program_budgets_caps(
    p_account bigint, p_program bigint, p_cycle bigint, p_unit text
) RETURNS TABLE (limit_id bigint, distance int)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE walk (id, parent_id, distance) AS (
        SELECT a.id, a.parent_id, 0 FROM program_budgets_account a WHERE a.id = p_account
        UNION ALL
        SELECT a.id, a.parent_id, w.distance + 1
            FROM walk w JOIN program_budgets_account a ON a.id = w.parent_id
    )
    SELECT l.id, w.distance
        FROM walk w JOIN program_budgets_limit l ON l.account_id = w.id
        WHERE l.kind = 'cap' AND l.unit = p_unit AND l.is_open
          AND (l.program_id IS NULL OR (l.program_id = p_program AND l.cycle_id = p_cycle))
$$;

-- Write the refusal down and make it the answer to the key. Changes no balance.
CREATE FUNCTION program_budgets_refuse(
    p_code text, p_limit bigint, p_available bigint, p_request jsonb, p_fingerprint text
) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO program_budgets_refused
        (code, program_id, member_id, limit_id, user_reference, channel_id, checkout_id,
         order_id, unit, requested, available, actor, at)
    SELECT p_code, m.program_id, m.id, p_limit, m.user_reference, p_request ->> 'channel_id',
           p_request ->> 'checkout_id', p_request ->> 'order_id', p_request ->> 'unit',
           (p_request ->> 'amount')::bigint, p_available, p_request ->> 'actor',
           (p_request ->> 'at')::timestamptz
        FROM program_budgets_member m WHERE m.id = (p_request ->> 'member')::bigint;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object(
            'status', 'refused', 'code', p_code, 'limit', p_limit,
            'requested', (p_request ->> 'amount')::bigint, 'available', p_available
        )
    );
END
$$;

-- Reserve p_request.amount of the member's lots under every cap from the member's account up
-- to the root. All pass, or nothing is written but the refusal.
CREATE FUNCTION program_budgets_hold(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_amount constant bigint := (p_request ->> 'amount')::bigint;
    v_unit constant text := p_request ->> 'unit';
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_member program_budgets_member;
    v_limit bigint;
    v_caps bigint[];
    v_answer jsonb;
    v_available bigint;
    v_short program_budgets_limit;
    v_hold constant uuid := gen_random_uuid();
    v_posting bigint;
    v_rest bigint := v_amount;
    v_take bigint;
    v_position int := 0;
    v_lot program_budgets_lot;
    v_cap bigint;
BEGIN
    PERFORM program_budgets_begin_posting();
    SELECT id INTO v_limit FROM program_budgets_limit
        WHERE kind = 'member' AND member_id = (p_request ->> 'member')::bigint AND unit = v_unit;
    IF NOT FOUND THEN
        RETURN '{"status": "unknown_member"}';
    END IF;
    PERFORM program_budgets_lock(ARRAY[v_limit]);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;

    -- Read under the lock: a move or deactivation of the member takes the same one.
    SELECT * INTO STRICT v_member FROM program_budgets_member
        WHERE id = (p_request ->> 'member')::bigint;
    IF NOT v_member.is_active THEN
        RETURN program_budgets_refuse('MEMBER_INACTIVE', v_limit, NULL, p_request, p_fingerprint);
    END IF;
    SELECT coalesce(sum(amount - held - spent - removed), 0) INTO v_available
        FROM program_budgets_lot
        WHERE limit_id = v_limit AND (expires_at IS NULL OR expires_at > v_at);
    IF v_available < v_amount THEN
        RETURN program_budgets_refuse(
            'BALANCE_SHORT', v_limit, v_available, p_request, p_fingerprint);
    END IF;

    SELECT array_agg(cap.limit_id ORDER BY cap.distance, cap.limit_id) INTO v_caps
        FROM program_budgets_caps(
            v_member.account_id, v_member.program_id, (p_request ->> 'cycle')::bigint, v_unit) cap;
    PERFORM program_budgets_lock(v_caps);
    SELECT l.* INTO v_short
        FROM unnest(v_caps) WITH ORDINALITY cap (id, place)
        JOIN program_budgets_limit l ON l.id = cap.id
        WHERE l.ceiling - l.held - l.spent < v_amount
        ORDER BY cap.place LIMIT 1;
    IF FOUND THEN
        RETURN program_budgets_refuse(
            'CAP_REACHED', v_short.id, greatest(v_short.ceiling - v_short.held - v_short.spent, 0),
            p_request, p_fingerprint);
    END IF;

    INSERT INTO program_budgets_hold
        (id, key, program_id, cycle_id, member_id, account_id, unit, amount, captured, released,
         refunded, checkout_id, order_id, expires_at, created_at)
    VALUES
        (v_hold, p_request ->> 'key', v_member.program_id, (p_request ->> 'cycle')::bigint,
         v_member.id, v_member.account_id, v_unit, v_amount, 0, 0, 0,
         p_request ->> 'checkout_id', p_request ->> 'order_id',
         (p_request ->> 'expires_at')::timestamptz, v_at);
    INSERT INTO program_budgets_posting
        (kind, program_id, cycle_id, member_id, account_id, hold_id, unit, amount, checkout_id,
         order_id, actor, cause, at, created_at)
    VALUES
        ('hold', v_member.program_id, (p_request ->> 'cycle')::bigint, v_member.id,
         v_member.account_id, v_hold, v_unit, v_amount, p_request ->> 'checkout_id',
         p_request ->> 'order_id', p_request ->> 'actor', '', v_at, clock_timestamp())
    RETURNING id INTO v_posting;

    -- Consumption order is total: by expiry (never-expiring last), then age, then id.
    FOR v_lot IN
        SELECT * FROM program_budgets_lot
            WHERE limit_id = v_limit AND amount - held - spent - removed > 0
              AND (expires_at IS NULL OR expires_at > v_at)
            ORDER BY expires_at NULLS LAST, created_at, id
    LOOP
        EXIT WHEN v_rest = 0;
        v_take := least(v_rest, v_lot.amount - v_lot.held - v_lot.spent - v_lot.removed);
        v_rest := v_rest - v_take;
        v_position := v_position + 1;
        INSERT INTO program_budgets_holdlot
            (hold_id, lot_id, position, amount, captured, released, refunded)
        VALUES (v_hold, v_lot.id, v_position, v_take, 0, 0, 0);
        PERFORM program_budgets_move(v_posting, v_limit, v_lot.id, 'available', 'held', v_take);
    END LOOP;
    PERFORM program_budgets_require_all_placed(v_rest);
    FOREACH v_cap IN ARRAY coalesce(v_caps, '{}') LOOP
        INSERT INTO program_budgets_holdlimit (hold_id, limit_id) VALUES (v_hold, v_cap);
        PERFORM program_budgets_move(v_posting, v_cap, NULL, 'available', 'held', v_amount);
    END LOOP;

    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'held', 'hold', v_hold, 'posting', v_posting,
                           'amount', v_amount, 'available', v_available - v_amount));
END
$$;
