-- The head of a posting for a hold.
CREATE FUNCTION program_budgets_head_of_hold(
    p_hold program_budgets_hold, p_kind text, p_amount bigint, p_items bigint, p_request jsonb
) RETURNS program_budgets_posting
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_head program_budgets_posting := program_budgets_head(p_kind, p_request);
BEGIN
    v_head.program_id := p_hold.program_id;
    v_head.cycle_id := p_hold.cycle_id;
    v_head.member_id := p_hold.member_id;
    v_head.account_id := p_hold.account_id;
    v_head.hold_id := p_hold.id;
    v_head.unit := p_hold.unit;
    v_head.amount := p_amount;
    v_head.items := p_items;
    v_head.checkout_id := p_hold.checkout_id;
    v_head.order_id := coalesce(nullif(p_request ->> 'order_id', ''), p_hold.order_id);
    RETURN v_head;
END
$$;

-- Lock a hold, then its limits. Always in this order: an order in the making may be binding the
-- hold's row, and nobody may wait for that with a department's row in hand.
CREATE FUNCTION program_budgets_lock_hold(p_hold uuid) RETURNS program_budgets_hold
LANGUAGE plpgsql AS $$
DECLARE
    v_hold program_budgets_hold;
BEGIN
    PERFORM program_budgets_begin_posting();
    SELECT * INTO v_hold FROM program_budgets_hold WHERE id = p_hold FOR UPDATE;
    PERFORM program_budgets_lock(v_hold.shares || ARRAY(
        SELECT id FROM program_budgets_limit
            WHERE kind = 'member' AND member_id = v_hold.member_id));
    RETURN v_hold;
END
$$;

-- From which lots a hold's p_amount (of its unit) and p_items are taken: captures in the order of
-- consumption; releases and refunds give back the last consumed first.
CREATE FUNCTION program_budgets_choose_pins(
    p_hold uuid, p_kind text, p_amount bigint, p_items bigint, p_at timestamptz, p_gone boolean
) RETURNS TABLE (
    pin bigint, lot_id bigint, limit_id bigint, take bigint, is_lapsed boolean, rollover_id bigint
)
LANGUAGE sql STABLE AS $$
    SELECT id, lot_id, limit_id, least(free, asked - so_far + free)::bigint, is_lapsed,
           CASE WHEN is_lapsed AND NOT p_gone AND origin <> 'carry' AND p_kind IN ('release', 'expire') THEN (
               SELECT rollover.id FROM program_budgets_rollover rollover
                   WHERE rollover.limit_id = pinned.limit_id AND ends_at = expires_at
                     AND carry_until > p_at AND carried < carry_limit)
           END
        FROM (
            SELECT hold_lot.id, hold_lot.lot_id, lot.limit_id, free, asked, lot.origin,
                   lot.expires_at,
                   -- What is released while the end of its period isn't decided yet is decided with
                   -- the rest, unless its owner has left.
                   coalesce(lot.expires_at <= p_at, false) AND (
                       p_kind NOT IN ('release', 'expire') OR p_gone OR lot.origin = 'carry'
                       OR lot.expires_at IS DISTINCT FROM budget.renews_at) AS is_lapsed,
                   sum(free) OVER (PARTITION BY budget.unit = 'ITEM' ORDER BY place) AS so_far
                FROM program_budgets_holdlot hold_lot
                JOIN program_budgets_lot lot ON lot.id = hold_lot.lot_id
                JOIN program_budgets_limit budget ON budget.id = lot.limit_id
                CROSS JOIN LATERAL (
                    SELECT CASE p_kind WHEN 'refund' THEN hold_lot.captured - hold_lot.refunded
                               ELSE hold_lot.amount - hold_lot.captured - hold_lot.released
                               END AS free,
                           CASE budget.unit WHEN 'ITEM' THEN p_items ELSE p_amount END AS asked,
                           CASE p_kind WHEN 'capture' THEN position ELSE -position END AS place
                ) line
                WHERE hold_lot.hold_id = p_hold AND free > 0
        ) pinned
        WHERE so_far - free < asked
$$;

-- Capture, release, expire or refund p_request.amount and p_request.items of a hold (both null: all
-- there is).
--
-- What comes back to a lapsed lot lapses at once if it was held, save what the end of its period
-- would have carried. If it was spent, p_request.lapsed_returns_to says what becomes of it: null
-- forfeits it, else a new lot of that cycle and expiry carries it. What comes back to somebody who
-- has left is withdrawn at once. A refund restores a cap only while it is open. A caller who decided
-- by the hold's figures says by p_request.last_posting which posting they were read after.
CREATE FUNCTION program_budgets_settle(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
AS $$
DECLARE
    v_kind constant text := p_request ->> 'kind';
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_new_lot constant jsonb := nullif(p_request -> 'lapsed_returns_to', 'null');
    v_wants_all constant boolean := (p_request ->> 'amount') IS NULL AND (p_request ->> 'items') IS NULL;
    v_hold program_budgets_hold;
    v_answer jsonb;
    v_left bigint;
    v_items_left bigint;
    v_amount bigint;
    v_items bigint;
    v_posting bigint;
    v_placed bigint := 0;
    v_pin record;
    v_renewed bigint;
    v_gone boolean;
    v_changes program_budgets_change[] := '{}';
BEGIN
    v_hold := program_budgets_lock_hold((p_request ->> 'hold')::uuid);
    IF v_hold.id IS NULL THEN
        RETURN '{"status": "unknown_hold"}';
    END IF;
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    v_left := CASE v_kind WHEN 'refund' THEN v_hold.captured - v_hold.refunded
                  ELSE v_hold.amount - v_hold.captured - v_hold.released END;
    v_items_left := CASE v_kind WHEN 'refund' THEN v_hold.items_captured - v_hold.items_refunded
                        ELSE v_hold.items - v_hold.items_captured - v_hold.items_released END;
    v_amount := CASE WHEN v_wants_all THEN v_left ELSE coalesce((p_request ->> 'amount')::bigint, 0) END;
    v_items := CASE WHEN v_wants_all THEN v_items_left ELSE coalesce((p_request ->> 'items')::bigint, 0) END;
    IF EXISTS (
        SELECT FROM program_budgets_posting
            WHERE hold_id = v_hold.id AND id > (p_request ->> 'last_posting')::bigint)
    THEN
        RETURN '{"status": "changed"}';
    END IF;
    IF v_kind = 'expire' AND v_hold.expires_at > v_at
       OR v_hold.order_id <> '' AND (v_kind = 'expire' OR (p_request ->> 'unbound_only')::boolean)
    THEN
        RETURN '{"status": "not_due"}';
    END IF;
    IF v_amount > v_left OR v_items > v_items_left OR least(v_amount, v_items) < 0
       OR v_amount + v_items = 0 OR p_request ->> 'unit' <> v_hold.unit
    THEN
        RETURN jsonb_build_object('status', 'not_held', 'unit', v_hold.unit, 'left', v_left,
                                  'items_left', v_items_left);
    END IF;

    SELECT NOT is_active INTO STRICT v_gone FROM program_budgets_member WHERE id = v_hold.member_id;
    FOR v_pin IN
        SELECT * FROM program_budgets_choose_pins(
            v_hold.id, v_kind, v_amount, v_items, v_at, v_gone)
    LOOP
        v_placed := v_placed + v_pin.take;
        UPDATE program_budgets_holdlot SET
            captured = captured + CASE v_kind WHEN 'capture' THEN v_pin.take ELSE 0 END,
            released = released + CASE WHEN v_kind IN ('release', 'expire') THEN v_pin.take ELSE 0 END,
            refunded = refunded + CASE v_kind WHEN 'refund' THEN v_pin.take ELSE 0 END
            WHERE id = v_pin.pin;
        v_renewed := CASE
            WHEN v_gone OR NOT v_pin.is_lapsed THEN 0
            WHEN v_kind = 'refund' AND v_new_lot IS NOT NULL THEN v_pin.take
            WHEN v_pin.rollover_id IS NOT NULL
                THEN program_budgets_carry_later(v_pin.rollover_id, v_pin.take)
            ELSE 0 END;
        v_changes := v_changes || ROW(
            v_pin.limit_id, v_pin.lot_id, 0,
            CASE v_kind WHEN 'refund' THEN 0 ELSE -v_pin.take END,
            CASE v_kind WHEN 'capture' THEN v_pin.take WHEN 'refund' THEN -v_pin.take ELSE 0 END,
            CASE WHEN v_pin.is_lapsed AND v_kind <> 'capture' THEN v_pin.take - v_renewed ELSE 0 END,
            CASE WHEN v_gone AND NOT v_pin.is_lapsed AND v_kind <> 'capture'
                THEN v_pin.take ELSE 0 END,
            v_renewed)::program_budgets_change;
        IF v_renewed > 0 THEN
            v_changes := v_changes || ROW(
                v_pin.limit_id,
                CASE v_kind WHEN 'refund'
                    THEN program_budgets_renew_lot(v_pin.lot_id, v_new_lot, p_request)
                    ELSE program_budgets_carried_lot(v_pin.lot_id, v_pin.rollover_id) END,
                v_renewed, 0, 0, 0, 0, 0)::program_budgets_change;
        END IF;
    END LOOP;
    PERFORM program_budgets_require_all_placed(v_amount + v_items - v_placed);
    SELECT v_changes || array_agg(ROW(
               share.id, NULL, 0,
               CASE v_kind WHEN 'refund' THEN 0 ELSE -asked END,
               CASE v_kind WHEN 'capture' THEN asked WHEN 'refund' THEN -asked ELSE 0 END,
               0, 0, 0)::program_budgets_change)
        INTO v_changes
        FROM program_budgets_limit share
        CROSS JOIN LATERAL (
            SELECT CASE share.unit WHEN v_hold.unit THEN v_amount ELSE v_items END AS asked
        ) figures
        WHERE share.id = ANY (v_hold.shares) AND asked > 0 AND (v_kind <> 'refund' OR share.is_open);
    v_posting := program_budgets_post(
        program_budgets_head_of_hold(v_hold, v_kind, v_amount, v_items, p_request), v_changes);
    UPDATE program_budgets_hold SET
        captured = captured + CASE v_kind WHEN 'capture' THEN v_amount ELSE 0 END,
        released = released + CASE WHEN v_kind IN ('release', 'expire') THEN v_amount ELSE 0 END,
        refunded = refunded + CASE v_kind WHEN 'refund' THEN v_amount ELSE 0 END,
        items_captured = items_captured + CASE v_kind WHEN 'capture' THEN v_items ELSE 0 END,
        items_released = items_released
            + CASE WHEN v_kind IN ('release', 'expire') THEN v_items ELSE 0 END,
        items_refunded = items_refunded + CASE v_kind WHEN 'refund' THEN v_items ELSE 0 END
        WHERE id = v_hold.id
        RETURNING * INTO v_hold;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        program_budgets_hold_state(v_hold, v_posting, v_amount, v_items));
END
$$;

-- An empty lot that takes over from one that has lapsed.
CREATE FUNCTION program_budgets_renew_lot(p_lot bigint, p_terms jsonb, p_request jsonb)
RETURNS bigint
LANGUAGE sql AS $$
    INSERT INTO program_budgets_lot
        (limit_id, unit, cycle_id, origin, source_id, amount, held, spent, lapsed, withdrawn, moved,
         expires_at, created_at, reason)
    SELECT limit_id, unit, (p_terms ->> 'cycle')::bigint, 'refund', id, 0, 0, 0, 0, 0, 0,
           (p_terms ->> 'expires_at')::timestamptz, (p_request ->> 'at')::timestamptz,
           coalesce(p_request ->> 'cause', '')
        FROM program_budgets_lot WHERE id = p_lot
    RETURNING id
$$;

-- What of p_amount still finds room in what the end of a period may carry; counted as carried.
CREATE FUNCTION program_budgets_carry_later(p_rollover bigint, p_amount bigint) RETURNS bigint
LANGUAGE sql AS $$
    UPDATE program_budgets_rollover rollover
        SET carried = rollover.carried + more.amount
        FROM (
            SELECT least(p_amount, carry_limit - carried) AS amount
                FROM program_budgets_rollover WHERE id = p_rollover
        ) more
        WHERE rollover.id = p_rollover
        RETURNING more.amount
$$;

-- The lot that carries what was left of p_lot; an empty one where nothing was carried yet.
CREATE FUNCTION program_budgets_carried_lot(p_lot bigint, p_rollover bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_carried bigint;
BEGIN
    SELECT id INTO v_carried FROM program_budgets_lot
        WHERE limit_id = (SELECT limit_id FROM program_budgets_rollover WHERE id = p_rollover)
          AND source_id = p_lot AND origin = 'carry';
    IF v_carried IS NULL THEN
        INSERT INTO program_budgets_lot
            (limit_id, unit, cycle_id, origin, source_id, amount, held, spent, lapsed, withdrawn,
             moved, expires_at, created_at, reason)
        SELECT lot.limit_id, lot.unit, rollover.cycle_id, 'carry', lot.id, 0, 0, 0, 0, 0, 0,
               rollover.carry_until, rollover.ends_at, 'carried forward'
            FROM program_budgets_lot lot
            JOIN program_budgets_rollover rollover ON rollover.id = p_rollover
            WHERE lot.id = p_lot
        RETURNING id INTO v_carried;
    END IF;
    RETURN v_carried;
END
$$;

CREATE FUNCTION program_budgets_hold_state(
    p_hold program_budgets_hold, p_posting bigint, p_amount bigint, p_items bigint
) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'status', 'posted', 'posting', p_posting, 'unit', p_hold.unit,
        'amount', p_amount, 'captured', p_hold.captured, 'released', p_hold.released,
        'refunded', p_hold.refunded,
        'remaining', p_hold.amount - p_hold.captured - p_hold.released,
        'items', p_items, 'items_captured', p_hold.items_captured,
        'items_released', p_hold.items_released, 'items_refunded', p_hold.items_refunded,
        'items_remaining', p_hold.items - p_hold.items_captured - p_hold.items_released)
$$;
