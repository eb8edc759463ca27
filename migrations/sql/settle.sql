-- Lock a hold, then its limits. Always in this order: an order in the making may be binding the
-- hold's row, and nobody may wait for that with a department's row in hand.
CREATE FUNCTION program_budgets_lock_hold(p_hold uuid) RETURNS program_budgets_hold
LANGUAGE plpgsql AS $$
DECLARE
    v_hold program_budgets_hold;
BEGIN
    PERFORM program_budgets_begin_posting();
    SELECT * INTO v_hold FROM program_budgets_hold WHERE id = p_hold FOR UPDATE;
    PERFORM program_budgets_lock(ARRAY(
        SELECT limit_id FROM program_budgets_holdlimit WHERE hold_id = p_hold
        UNION
        SELECT lot.limit_id FROM program_budgets_holdlot hold_lot
            JOIN program_budgets_lot lot ON lot.id = hold_lot.lot_id
            WHERE hold_lot.hold_id = p_hold
    ));
    RETURN v_hold;
END
$$;

CREATE FUNCTION program_budgets_post_for_hold(
    p_hold program_budgets_hold, p_kind text, p_amount bigint, p_request jsonb
) RETURNS bigint
LANGUAGE sql AS $$
    INSERT INTO program_budgets_posting
        (kind, program_id, cycle_id, member_id, account_id, hold_id, unit, amount, checkout_id,
         order_id, actor, cause, at, created_at)
    VALUES
        (p_kind, p_hold.program_id, p_hold.cycle_id, p_hold.member_id, p_hold.account_id,
         p_hold.id, p_hold.unit, p_amount, p_hold.checkout_id,
         coalesce(nullif(p_request ->> 'order_id', ''), p_hold.order_id), p_request ->> 'actor',
         p_request ->> 'cause', (p_request ->> 'at')::timestamptz, clock_timestamp())
    RETURNING id
$$;

-- Capture, release or expire what a hold has left: p_request.kind, p_request.amount (null for
-- all). Captures consume lots in their order; releases give back the last consumed first, and
-- what comes back to a lapsed lot lapses at once.
CREATE FUNCTION program_budgets_settle(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_kind constant text := p_request ->> 'kind';
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_hold program_budgets_hold;
    v_answer jsonb;
    v_left bigint;
    v_amount bigint;
    v_rest bigint;
    v_take bigint;
    v_posting bigint;
    v_line record;
    v_cap bigint;
BEGIN
    v_hold := program_budgets_lock_hold((p_request ->> 'hold')::uuid);
    IF v_hold.id IS NULL THEN
        RETURN '{"status": "unknown_hold"}';
    END IF;
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    v_left := v_hold.amount - v_hold.captured - v_hold.released;
    v_amount := coalesce((p_request ->> 'amount')::bigint, v_left);
    IF v_kind = 'expire' AND v_hold.expires_at > v_at
       OR v_hold.order_id <> '' AND (v_kind = 'expire' OR (p_request ->> 'unbound_only')::boolean)
    THEN
        RETURN '{"status": "not_due"}';
    END IF;
    IF v_amount > v_left OR v_amount <= 0 OR p_request ->> 'unit' <> v_hold.unit THEN
        RETURN jsonb_build_object('status', 'not_held', 'unit', v_hold.unit, 'left', v_left);
    END IF;

    v_posting := program_budgets_post_for_hold(v_hold, v_kind, v_amount, p_request);
    v_rest := v_amount;
    FOR v_line IN
        SELECT hold_lot.id, hold_lot.lot_id, lot.limit_id,
               hold_lot.amount - hold_lot.captured - hold_lot.released AS remaining,
               coalesce(lot.expires_at <= v_at, false) AS is_lapsed
            FROM program_budgets_holdlot hold_lot
            JOIN program_budgets_lot lot ON lot.id = hold_lot.lot_id
            WHERE hold_lot.hold_id = v_hold.id
              AND hold_lot.amount > hold_lot.captured + hold_lot.released
            ORDER BY CASE WHEN v_kind = 'capture' THEN position ELSE -position END
    LOOP
        EXIT WHEN v_rest = 0;
        v_take := least(v_rest, v_line.remaining);
        v_rest := v_rest - v_take;
        UPDATE program_budgets_holdlot SET
            captured = captured + CASE WHEN v_kind = 'capture' THEN v_take ELSE 0 END,
            released = released + CASE WHEN v_kind = 'capture' THEN 0 ELSE v_take END
            WHERE id = v_line.id;
        PERFORM program_budgets_move(
            v_posting, v_line.limit_id, v_line.lot_id, 'held',
            CASE WHEN v_kind = 'capture' THEN 'spent'
                 WHEN v_line.is_lapsed THEN 'lapsed'
                 ELSE 'available' END,
            v_take);
    END LOOP;
    PERFORM program_budgets_require_all_placed(v_rest);
    FOR v_cap IN SELECT limit_id FROM program_budgets_holdlimit WHERE hold_id = v_hold.id LOOP
        PERFORM program_budgets_move(
            v_posting, v_cap, NULL, 'held',
            CASE WHEN v_kind = 'capture' THEN 'spent' ELSE 'available' END, v_amount);
    END LOOP;
    UPDATE program_budgets_hold SET
        captured = captured + CASE WHEN v_kind = 'capture' THEN v_amount ELSE 0 END,
        released = released + CASE WHEN v_kind = 'capture' THEN 0 ELSE v_amount END
        WHERE id = v_hold.id
        RETURNING * INTO v_hold;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        program_budgets_hold_state(v_hold, v_posting, v_amount));
END
$$;

CREATE FUNCTION program_budgets_hold_state(
    p_hold program_budgets_hold, p_posting bigint, p_amount bigint
) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'status', 'posted', 'posting', p_posting, 'amount', p_amount, 'unit', p_hold.unit,
        'captured', p_hold.captured, 'released', p_hold.released, 'refunded', p_hold.refunded,
        'remaining', p_hold.amount - p_hold.captured - p_hold.released)
$$;

-- Return captured value to the lots it came from, the last consumed first; what comes back to a
-- lapsed lot is forfeited. A cap is restored only while its cycle is open.
CREATE FUNCTION program_budgets_refund(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_hold program_budgets_hold;
    v_answer jsonb;
    v_left bigint;
    v_amount bigint;
    v_rest bigint;
    v_take bigint;
    v_posting bigint;
    v_line record;
    v_cap bigint;
BEGIN
    v_hold := program_budgets_lock_hold((p_request ->> 'hold')::uuid);
    IF v_hold.id IS NULL THEN
        RETURN '{"status": "unknown_hold"}';
    END IF;
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    v_left := v_hold.captured - v_hold.refunded;
    v_amount := coalesce((p_request ->> 'amount')::bigint, v_left);
    IF v_amount > v_left OR v_amount <= 0 OR p_request ->> 'unit' <> v_hold.unit THEN
        RETURN jsonb_build_object('status', 'not_held', 'unit', v_hold.unit, 'left', v_left);
    END IF;

    v_posting := program_budgets_post_for_hold(v_hold, 'refund', v_amount, p_request);
    v_rest := v_amount;
    FOR v_line IN
        SELECT hold_lot.id, hold_lot.lot_id, lot.limit_id,
               hold_lot.captured - hold_lot.refunded AS refundable,
               coalesce(lot.expires_at <= v_at, false) AS is_lapsed
            FROM program_budgets_holdlot hold_lot
            JOIN program_budgets_lot lot ON lot.id = hold_lot.lot_id
            WHERE hold_lot.hold_id = v_hold.id AND hold_lot.captured > hold_lot.refunded
            ORDER BY position DESC
    LOOP
        EXIT WHEN v_rest = 0;
        v_take := least(v_rest, v_line.refundable);
        v_rest := v_rest - v_take;
        UPDATE program_budgets_holdlot SET refunded = refunded + v_take WHERE id = v_line.id;
        PERFORM program_budgets_move(
            v_posting, v_line.limit_id, v_line.lot_id, 'spent',
            CASE WHEN v_line.is_lapsed THEN 'lapsed' ELSE 'available' END, v_take);
    END LOOP;
    PERFORM program_budgets_require_all_placed(v_rest);
    FOR v_cap IN
        SELECT hold_limit.limit_id FROM program_budgets_holdlimit hold_limit
            JOIN program_budgets_limit cap ON cap.id = hold_limit.limit_id
            WHERE hold_limit.hold_id = v_hold.id AND cap.is_open
    LOOP
        PERFORM program_budgets_move(v_posting, v_cap, NULL, 'spent', 'available', v_amount);
    END LOOP;
    UPDATE program_budgets_hold SET refunded = refunded + v_amount
        WHERE id = v_hold.id
        RETURNING * INTO v_hold;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        program_budgets_hold_state(v_hold, v_posting, v_amount));
END
$$;
