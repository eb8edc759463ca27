-- A uuid whose order is that of time (version 7, RFC 9562), so that indexes over holds grow at
-- their end and stay in memory.
CREATE FUNCTION program_budgets_new_id() RETURNS uuid
LANGUAGE sql VOLATILE AS $$
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- When a limit resets, for a purchase in p_cycle: a member's with their own period (who stands in
-- none: with the cycle), a cap with its cycle, and one across all programs not at all.
CREATE FUNCTION program_budgets_resets_at(p_limit bigint, p_cycle bigint) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT coalesce(budget.renews_at, cycle.ends_at)
        FROM program_budgets_limit budget
        LEFT JOIN program_budgets_cycle cycle
            ON cycle.id = CASE budget.kind WHEN 'member' THEN p_cycle ELSE budget.cycle_id END
        WHERE budget.id = p_limit
$$;

-- Write the refusal down and make it the answer to the key. Changes no balance.
CREATE FUNCTION program_budgets_refuse(
    p_code text, p_limit bigint, p_unit text, p_requested bigint, p_available bigint,
    p_request jsonb, p_fingerprint text
) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO program_budgets_refused
        (code, program_id, member_id, limit_id, user_reference, channel_id, checkout_id,
         order_id, unit, requested, available, actor, at)
    SELECT p_code, m.program_id, m.id, p_limit, m.user_reference, p_request ->> 'channel_id',
           p_request ->> 'checkout_id', p_request ->> 'order_id', p_unit, p_requested, p_available,
           p_request ->> 'actor', (p_request ->> 'at')::timestamptz
        FROM program_budgets_member m WHERE m.id = (p_request ->> 'member')::bigint;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'refused', 'code', p_code, 'limit', p_limit, 'unit', p_unit,
                           'requested', p_requested, 'available', p_available,
                           'resets_at', program_budgets_resets_at(
                               p_limit, (p_request ->> 'cycle')::bigint))
    );
END
$$;

-- Write a refusal down that needed no figures, under the key of the purchase.
CREATE FUNCTION program_budgets_refuse_early(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_answer constant jsonb := program_budgets_replay(p_request ->> 'key', p_fingerprint);
BEGIN
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    INSERT INTO program_budgets_refused
        (code, program_id, member_id, user_reference, channel_id, checkout_id, order_id, unit,
         requested, actor, at)
    VALUES
        (p_request ->> 'code', (p_request ->> 'program')::bigint,
         (p_request ->> 'membership')::bigint, p_request ->> 'user_reference', p_request ->> 'channel_id', p_request ->> 'checkout_id',
         p_request ->> 'order_id', p_request ->> 'unit', (p_request ->> 'amount')::bigint,
         p_request ->> 'actor', (p_request ->> 'at')::timestamptz);
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'refused', 'code', p_request ->> 'code',
                           'message', p_request ->> 'message',
                           'resets_at', p_request ->> 'resets_at'));
END
$$;

-- What a member has in one unit at p_at, and the lots that p_amount of it would be taken from.
-- Consumption order is total: by expiry (never-expiring last), then age, then id.
CREATE FUNCTION program_budgets_choose_lots(
    p_limit bigint, p_amount bigint, p_at timestamptz
) RETURNS TABLE (available bigint, lots bigint[], takes bigint[])
LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(so_far), 0)::bigint,
           array_agg(id ORDER BY place) FILTER (WHERE so_far - free < p_amount),
           array_agg(least(free, p_amount - so_far + free)::bigint ORDER BY place)
               FILTER (WHERE so_far - free < p_amount)
        FROM (
            SELECT id, free, row_number() OVER consumption AS place,
                   sum(free) OVER consumption AS so_far
                FROM program_budgets_lot lot
                CROSS JOIN LATERAL (
                    SELECT amount - held - spent - lapsed - withdrawn - moved AS free
                ) left_over
                WHERE limit_id = p_limit AND free > 0 AND (expires_at IS NULL OR expires_at > p_at)
                WINDOW consumption AS (ORDER BY expires_at NULLS LAST, created_at, id)
        ) usable
$$;

-- Reserve p_request.amount and p_request.items of the member's lots, under every cap from the
-- member's account up to the root. All pass, or nothing is written but the refusal.
--
-- At first each cap is met in one of its shares. Should a share have too little room, nothing is
-- written, the answer is "crowded", and the same request with p_request.in_full locks whole caps
-- and decides: two statements at most, and the locks of the first end with it.
--
-- Everything here looks up a few rows by their keys: plans are made once for each connection, and
-- not for the small tables that it may have met first.
CREATE FUNCTION program_budgets_hold(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
AS $$
DECLARE
    v_in_full constant boolean := coalesce((p_request ->> 'in_full')::boolean, false);
    v_amount constant bigint := (p_request ->> 'amount')::bigint;
    v_items constant bigint := (p_request ->> 'items')::bigint;
    v_unit constant text := p_request ->> 'unit';
    v_units constant text[] := 
        CASE WHEN v_items > 0 THEN ARRAY[v_unit, 'ITEM'] ELSE ARRAY[v_unit] END;
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_limits bigint[];
    v_answer jsonb;
    v_member program_budgets_member;
    v_available bigint;
    v_lots bigint[];
    v_takes bigint[];
    v_money_lots int;
    v_item_lots record;
    v_cap record;
    v_asked bigint;
    v_share program_budgets_limit;
    v_caps bigint[] := '{}';
    v_asks bigint[] := '{}';
    v_distances int[] := '{}';
    v_shares bigint[] := '{}';
    v_short record;
    v_hold constant uuid := program_budgets_new_id();
    v_head program_budgets_posting;
    v_changes program_budgets_change[];
BEGIN
    PERFORM program_budgets_begin_posting();
    v_limits := program_budgets_lock_member((p_request ->> 'member')::bigint, v_unit);
    IF v_limits[1] IS NULL THEN
        RETURN '{"status": "unknown_member"}';
    END IF;
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;

    -- Read under the lock: a move or deactivation of the member takes the same one.
    SELECT * INTO STRICT v_member FROM program_budgets_member
        WHERE id = (p_request ->> 'member')::bigint;
    IF NOT v_member.is_active THEN
        RETURN program_budgets_refuse(
            'MEMBER_INACTIVE', v_limits[1], v_unit, v_amount, NULL, p_request, p_fingerprint);
    END IF;
    -- Whose period is over is renewed first; a purchase counts in a cycle that is open.
    IF EXISTS (
            SELECT FROM program_budgets_limit WHERE id = ANY (v_limits) AND renews_at <= v_at)
       OR EXISTS (
            SELECT FROM program_budgets_cycle
                WHERE id = (p_request ->> 'cycle')::bigint AND closed_at IS NOT NULL)
    THEN
        RETURN '{"status": "behind"}';
    END IF;
    SELECT * INTO v_available, v_lots, v_takes
        FROM program_budgets_choose_lots(v_limits[1], v_amount, v_at);
    IF v_available < v_amount THEN
        RETURN program_budgets_refuse(
            'BALANCE_SHORT', v_limits[1], v_unit, v_amount, v_available, p_request, p_fingerprint);
    END IF;
    v_money_lots := coalesce(cardinality(v_lots), 0);
    IF v_items > 0 THEN
        SELECT * INTO v_item_lots FROM program_budgets_choose_lots(v_limits[2], v_items, v_at);
        IF v_item_lots.available < v_items THEN
            RETURN program_budgets_refuse('BALANCE_SHORT', v_limits[2], 'ITEM', v_items,
                                          v_item_lots.available, p_request, p_fingerprint);
        END IF;
        v_lots := v_lots || v_item_lots.lots;
        v_takes := v_takes || v_item_lots.takes;
    END IF;
    FOR place IN 1 .. cardinality(v_lots) LOOP
        v_changes := v_changes || ROW(
            CASE WHEN place <= v_money_lots THEN v_limits[1] ELSE v_limits[2] END,
            v_lots[place], 0, v_takes[place], 0, 0, 0, 0)::program_budgets_change;
    END LOOP;

    -- From here on locks are taken in the order of lock_rank, whatever the tree looks like now.
    FOR v_cap IN
        SELECT * FROM program_budgets_caps(
                v_member.account_id, v_member.program_id, (p_request ->> 'cycle')::bigint, v_units)
            ORDER BY lock_rank, cap_id
    LOOP
        v_asked := CASE v_cap.unit WHEN v_unit THEN v_amount ELSE v_items END;
        CONTINUE WHEN v_asked = 0;
        IF v_in_full THEN
            PERFORM program_budgets_lock_cap(v_cap.cap_id);
            PERFORM program_budgets_end_raises(v_cap.cap_id, v_at);
            v_caps := v_caps || v_cap.cap_id;
            v_asks := v_asks || v_asked;
            v_distances := v_distances || v_cap.distance;
        ELSE
            v_share := program_budgets_pick_share(v_cap.cap_id, v_cap.spread, v_asked, v_at);
            IF NOT program_budgets_has_room(v_share, v_asked, v_at) THEN
                RETURN '{"status": "crowded"}';
            END IF;
            v_shares := v_shares || v_share.id;
            v_changes := v_changes
                || ROW(v_share.id, NULL, 0, v_asked, 0, 0, 0, 0)::program_budgets_change;
        END IF;
    END LOOP;
    IF v_in_full THEN
        -- Only when nothing is short anywhere may a cap be divided anew.
        SELECT budget.id, budget.unit, cap.asked, program_budgets_free(cap.id) AS free INTO v_short
            FROM unnest(v_caps, v_asks, v_distances) cap (id, asked, distance)
            JOIN program_budgets_limit budget ON budget.id = cap.id
            WHERE program_budgets_free(cap.id) < cap.asked
            ORDER BY cap.distance, budget.unit = 'ITEM', cap.id LIMIT 1;
        IF FOUND THEN
            RETURN program_budgets_refuse(
                'CAP_REACHED', v_short.id, v_short.unit, v_short.asked, greatest(v_short.free, 0),
                p_request, p_fingerprint);
        END IF;
        FOR place IN 1 .. cardinality(v_caps) LOOP
            v_share.id := program_budgets_make_room(v_caps[place], v_asks[place], v_at);
            v_shares := v_shares || v_share.id;
            v_changes := v_changes
                || ROW(v_share.id, NULL, 0, v_asks[place], 0, 0, 0, 0)::program_budgets_change;
        END LOOP;
    END IF;

    WITH held AS (
        INSERT INTO program_budgets_hold
            (id, key, program_id, cycle_id, member_id, account_id, unit, amount, captured,
             released, refunded, items, items_captured, items_released, items_refunded, shares,
             checkout_id, order_id, expires_at, created_at)
        VALUES
            (v_hold, p_request ->> 'key', v_member.program_id, (p_request ->> 'cycle')::bigint,
             v_member.id, v_member.account_id, v_unit, v_amount, 0, 0, 0, v_items, 0, 0, 0,
             v_shares, p_request ->> 'checkout_id', p_request ->> 'order_id',
             (p_request ->> 'expires_at')::timestamptz, v_at)
    )
    INSERT INTO program_budgets_holdlot
        (hold_id, lot_id, position, amount, captured, released, refunded)
    SELECT v_hold, lot, position, take, 0, 0, 0
        FROM unnest(v_lots, v_takes) WITH ORDINALITY pin (lot, take, position);
    v_head := program_budgets_head('hold', p_request);
    v_head.program_id := v_member.program_id;
    v_head.cycle_id := (p_request ->> 'cycle')::bigint;
    v_head.member_id := v_member.id;
    v_head.account_id := v_member.account_id;
    v_head.hold_id := v_hold;
    v_head.unit := v_unit;
    v_head.amount := v_amount;
    v_head.items := v_items;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'held', 'hold', v_hold,
                           'posting', program_budgets_post(v_head, v_changes),
                           'amount', v_amount, 'available', v_available - v_amount));
END
$$;
