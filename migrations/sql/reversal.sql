-- Undo one posting by its mirror image. What has been used since can't be undone: then the
-- constraints of lots, limits and holds refuse, and nothing is written but the answer.
CREATE FUNCTION program_budgets_reverse(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_posting program_budgets_posting;
    v_hold program_budgets_hold;
    v_answer jsonb;
    v_head program_budgets_posting;
    v_changes program_budgets_change[];
BEGIN
    SELECT * INTO v_posting FROM program_budgets_posting WHERE id = (p_request ->> 'posting')::bigint;
    IF NOT FOUND THEN
        RETURN '{"status": "unknown_posting"}';
    END IF;
    PERFORM program_budgets_begin_posting();
    SELECT * INTO v_hold FROM program_budgets_hold WHERE id = v_posting.hold_id FOR UPDATE;
    PERFORM program_budgets_lock_touched(v_posting.id, v_hold.shares, v_at);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    IF v_posting.kind NOT IN ('grant', 'adjustment', 'clawback', 'ceiling', 'refund') THEN
        RETURN jsonb_build_object('status', 'not_reversible', 'because', 'kind');
    END IF;
    IF EXISTS (SELECT FROM program_budgets_posting WHERE reverses_id = v_posting.id) THEN
        RETURN jsonb_build_object('status', 'not_reversible', 'because', 'reversed');
    END IF;
    -- Whose period is over is renewed first: what comes back now was not there when it ended.
    IF EXISTS (
            SELECT FROM program_budgets_entry line
                JOIN program_budgets_limit budget ON budget.id = line.limit_id
                WHERE line.posting_id = v_posting.id AND budget.renews_at <= v_at)
    THEN
        RETURN '{"status": "behind"}';
    END IF;

    v_head := v_posting;
    v_head.kind := 'reversal';
    v_head.reverses_id := v_posting.id;
    v_head.actor := p_request ->> 'actor';
    v_head.cause := p_request ->> 'reason';
    v_head.at := v_at;
    BEGIN
        PERFORM program_budgets_unrefund(v_posting);
        IF v_posting.kind = 'ceiling' THEN
            v_head.id := program_budgets_mirror_ceiling(v_head);
        ELSE
            v_changes := program_budgets_mirror(v_posting, v_hold);
            PERFORM program_budgets_make_room_for(v_changes, v_at);
            v_head.id := program_budgets_post(v_head, v_changes);
        END IF;
    EXCEPTION WHEN check_violation THEN
        RETURN jsonb_build_object('status', 'not_reversible', 'because', 'used');
    END;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'reversed', 'posting', v_head.id, 'amount', v_posting.amount,
                           'unit', v_posting.unit));
END
$$;

-- Lock what a posting touched, and what its hold counts under: members first, then each cap as a
-- whole, in the one order. Nothing may rely on a temporary raise that is over.
CREATE FUNCTION program_budgets_lock_touched(
    p_posting bigint, p_shares bigint[], p_at timestamptz
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_cap bigint;
BEGIN
    PERFORM program_budgets_lock(ARRAY(
        SELECT limit_id FROM program_budgets_entry WHERE posting_id = p_posting AND lot_id IS NOT NULL));
    FOR v_cap IN
        SELECT DISTINCT ON (lock_rank, cap_id) cap_id
            FROM program_budgets_limit share
            WHERE share.cap_id IS NOT NULL
              AND share.id = ANY (coalesce(p_shares, '{}') || ARRAY(
                  SELECT limit_id FROM program_budgets_entry WHERE posting_id = p_posting))
            ORDER BY lock_rank, cap_id
    LOOP
        PERFORM program_budgets_lock_cap(v_cap);
        PERFORM program_budgets_end_raises(v_cap, p_at);
    END LOOP;
END
$$;

-- The mirror image of what a posting did to lots and limits. A hold may count under caps that were
-- set after the posting: they follow it too.
CREATE FUNCTION program_budgets_mirror(
    p_posting program_budgets_posting, p_hold program_budgets_hold
) RETURNS program_budgets_change[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(change) FROM (
        SELECT ROW(limit_id, lot_id,
                   coalesce(sum(amount) FILTER (WHERE bucket = 'funding'), 0),
                   -coalesce(sum(amount) FILTER (WHERE bucket = 'held'), 0),
                   -coalesce(sum(amount) FILTER (WHERE bucket = 'spent'), 0),
                   -coalesce(sum(amount) FILTER (WHERE bucket = 'lapsed'), 0),
                   -coalesce(sum(amount) FILTER (WHERE bucket = 'withdrawn'), 0),
                   -coalesce(sum(amount) FILTER (WHERE bucket = 'moved'), 0)
               )::program_budgets_change AS change
            FROM program_budgets_entry WHERE posting_id = p_posting.id GROUP BY limit_id, lot_id
        UNION ALL
        SELECT ROW(share.id, NULL, 0, 0, asked, 0, 0, 0)::program_budgets_change
            FROM program_budgets_limit share
            CROSS JOIN LATERAL (
                SELECT CASE share.unit WHEN p_hold.unit THEN p_posting.amount
                           ELSE p_posting.items END AS asked
            ) figures
            WHERE share.id = ANY (p_hold.shares) AND share.is_open AND asked > 0
              AND NOT EXISTS (
                  SELECT FROM program_budgets_entry
                      WHERE posting_id = p_posting.id AND limit_id = share.id)
    ) mirrored
$$;

-- Where a cap's share has to take back more than it has free, let the cap's others make room for it,
-- as far as the cap as a whole has any.
CREATE FUNCTION program_budgets_make_room_for(p_changes program_budgets_change[], p_at timestamptz)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_share record;
BEGIN
    FOR v_share IN
        SELECT share.id, share.cap_id, needed
            FROM unnest(p_changes) change
            JOIN program_budgets_limit share ON share.id = change.limit_id
            CROSS JOIN LATERAL (SELECT change.held + change.spent - change.granted AS needed) figures
            WHERE change.lot_id IS NULL
              AND needed > greatest(share.ceiling - share.held - share.spent, 0)
    LOOP
        IF program_budgets_free(v_share.cap_id) < v_share.needed THEN
            RAISE EXCEPTION 'the cap has no room for it' USING ERRCODE = 'check_violation';
        END IF;
        PERFORM program_budgets_divide(v_share.cap_id, 1, p_at);
        CONTINUE WHEN v_share.id = v_share.cap_id;
        PERFORM program_budgets_post(
            program_budgets_head_of_cap(cap, 'share', v_share.needed, 'system:shares', '', p_at),
            ARRAY[
                ROW(v_share.cap_id, NULL, -v_share.needed, 0, 0, 0, 0, 0)::program_budgets_change,
                ROW(v_share.id, NULL, v_share.needed, 0, 0, 0, 0, 0)::program_budgets_change])
            FROM program_budgets_limit cap WHERE cap.id = v_share.cap_id;
    END LOOP;
END
$$;

-- Change a cap's ceiling back by what a posting changed it: a temporary raise that is undone is over,
-- and without the raises under way the ceiling isn't negative.
CREATE FUNCTION program_budgets_mirror_ceiling(p_head program_budgets_posting) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_cap bigint;
    v_delta bigint;
BEGIN
    SELECT share.cap_id, sum(entry.amount) INTO v_cap, v_delta
        FROM program_budgets_entry entry
        JOIN program_budgets_limit share ON share.id = entry.limit_id
        WHERE entry.posting_id = p_head.reverses_id AND entry.bucket = 'funding'
        GROUP BY share.cap_id;
    IF NOT FOUND THEN
        RETURN program_budgets_post(p_head, '{}');
    END IF;
    UPDATE program_budgets_raise SET ended_at = p_head.at WHERE posting_id = p_head.reverses_id;
    IF program_budgets_base_ceiling(v_cap) + v_delta < 0 THEN
        RAISE EXCEPTION 'a ceiling below zero' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM program_budgets_note_next_end(v_cap);
    RETURN program_budgets_change_ceiling(v_cap, v_delta, p_head);
END
$$;

-- Take a refund out of its hold's figures again.
CREATE FUNCTION program_budgets_unrefund(p_posting program_budgets_posting) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE program_budgets_holdlot pin SET refunded = refunded + line.amount
        FROM program_budgets_entry line
        WHERE line.posting_id = p_posting.id AND line.bucket = 'spent'
          AND pin.hold_id = p_posting.hold_id AND pin.lot_id = line.lot_id;
    UPDATE program_budgets_hold SET
        refunded = refunded - p_posting.amount, items_refunded = items_refunded - p_posting.items
        WHERE id = p_posting.hold_id;
END
$$;
