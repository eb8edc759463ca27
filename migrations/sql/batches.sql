-- Many adjustments in one transaction, or many that are undone. Each is keyed, and answered as if it
-- had come alone; what is refused keeps no other from being posted. They touch members alone, whose
-- limits are all locked first, in their one order. Several of one member are taken in turn: in each
-- round a member stands once, so that a round reads and writes all of its lines at once.

-- What is to be posted for one line, or already its answer.
CREATE TYPE program_budgets_adjusting AS (
    key text,
    fingerprint text,
    answer jsonb,
    posting_id bigint,
    limit_id bigint,
    member_id bigint,
    unit text,
    amount bigint,
    reason text,
    expires_at timestamptz,
    lots bigint[],
    takes bigint[]
);
CREATE TYPE program_budgets_reversing AS (
    key text,
    fingerprint text,
    answer jsonb,
    posting_id bigint,
    reversed_id bigint,
    amount bigint,
    unit text
);

-- Correct members' budgets by p_request.lines: up by a new lot, down from the lots that would be
-- consumed next. The same as program_budgets_grant or program_budgets_withdraw for each.
CREATE FUNCTION program_budgets_adjust_each(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_mergejoin = off
AS $$
DECLARE
    v_round jsonb;
    v_answers jsonb := '{}';
BEGIN
    PERFORM program_budgets_begin_posting();
    PERFORM program_budgets_lock(ARRAY(
        SELECT id FROM program_budgets_limit
            WHERE kind = 'member' AND member_id IN (
                SELECT (line ->> 'member')::bigint
                    FROM jsonb_array_elements(p_request -> 'lines') line)));
    FOR v_round IN
        SELECT jsonb_agg(line ORDER BY place)
            FROM (
                SELECT line, place,
                       row_number() OVER (PARTITION BY line -> 'member' ORDER BY place) AS round
                    FROM jsonb_array_elements(p_request -> 'lines')
                        WITH ORDINALITY asked (line, place)
            ) numbered
            GROUP BY round ORDER BY round
    LOOP
        v_answers := v_answers || program_budgets_adjust_round(p_request, v_round);
    END LOOP;
    RETURN jsonb_build_object('status', 'answered', 'answers', v_answers);
END
$$;

-- Lines of as many members, whose limits are locked. Returns the answers by key.
CREATE FUNCTION program_budgets_adjust_round(p_request jsonb, p_lines jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_cycle constant bigint := (p_request ->> 'cycle')::bigint;
    v_lines constant program_budgets_adjusting[] :=
        program_budgets_decide_adjustments(p_lines, v_at);
BEGIN
    INSERT INTO program_budgets_posting
        (id, kind, program_id, cycle_id, member_id, account_id, unit, amount, items, checkout_id,
         order_id, actor, cause, at, created_at)
    SELECT line.posting_id, 'adjustment', member.program_id, v_cycle, member.id, member.account_id,
           line.unit, abs(line.amount), 0, '', '', p_request ->> 'actor', line.reason, v_at,
           clock_timestamp()
        FROM unnest(v_lines) line
        JOIN program_budgets_member member ON member.id = line.member_id
        WHERE line.answer IS NULL;
    -- A new lot begins empty; its posting fills it.
    INSERT INTO program_budgets_lot
        (id, limit_id, unit, cycle_id, origin, amount, held, spent, lapsed, withdrawn, moved,
         expires_at, created_at, reason)
    SELECT line.lots[1], line.limit_id, line.unit, v_cycle, 'adjustment', 0, 0, 0, 0, 0, 0,
           line.expires_at, v_at, line.reason
        FROM unnest(v_lines) line WHERE line.answer IS NULL AND line.amount > 0;
    PERFORM program_budgets_move_each(array_agg(line.posting_id), array_agg(
            ROW(line.limit_id, pin.lot, CASE WHEN line.amount > 0 THEN pin.take ELSE 0 END, 0, 0, 0,
                CASE WHEN line.amount < 0 THEN pin.take ELSE 0 END, 0)::program_budgets_change))
        FROM unnest(v_lines) line CROSS JOIN unnest(line.lots, line.takes) pin (lot, take)
        WHERE line.answer IS NULL
        HAVING count(*) > 0;
    RETURN (
        SELECT jsonb_object_agg(key, coalesce(answer, program_budgets_remember(key, fingerprint,
                   CASE WHEN amount > 0
                       THEN jsonb_build_object('status', 'granted', 'count', 1, 'total', amount,
                                               'posting', posting_id)
                       ELSE jsonb_build_object('status', 'withdrawn', 'posting', posting_id,
                                               'amount', -amount)
                   END)))
            FROM unnest(v_lines));
END
$$;

-- Decide each line: it has been answered before, can't be, or is posted under an id of its own, with
-- a new lot or out of those chosen.
CREATE FUNCTION program_budgets_decide_adjustments(p_lines jsonb, p_at timestamptz)
RETURNS program_budgets_adjusting[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(key, fingerprint, decided.answer,
                   CASE WHEN decided.answer IS NULL
                       THEN nextval('program_budgets_posting_id_seq') END,
                   budget.id, asked.member, asked.unit, asked.amount, asked.reason, asked.expires_at,
                   CASE WHEN asked.amount < 0 THEN chosen.lots
                        WHEN decided.answer IS NULL
                            THEN ARRAY[nextval('program_budgets_lot_id_seq')] END,
                   CASE WHEN asked.amount < 0 THEN chosen.takes ELSE ARRAY[asked.amount] END
               )::program_budgets_adjusting
            FROM jsonb_to_recordset(p_lines) asked (
                key text, fingerprint text, member bigint, unit text, amount bigint, reason text,
                expires_at timestamptz)
            LEFT JOIN program_budgets_limit budget ON budget.kind = 'member'
                AND budget.member_id = asked.member AND budget.unit = asked.unit
            LEFT JOIN LATERAL program_budgets_choose_lots(budget.id, -asked.amount, p_at) chosen
                ON asked.amount < 0
            CROSS JOIN LATERAL (
                SELECT coalesce(
                    CASE WHEN budget.id IS NULL THEN '{"status": "unknown_member"}'::jsonb END,
                    program_budgets_replay(asked.key, asked.fingerprint),
                    CASE WHEN asked.amount < 0 AND chosen.available < -asked.amount
                        THEN jsonb_build_object('status', 'not_available',
                                                'available', chosen.available) END) AS answer
            ) decided);
END
$$;

-- Undo adjustments (p_request.lines names their postings) by their mirror images. The same as
-- program_budgets_reverse for each; a posting of another kind is unknown here, for it may touch caps.
CREATE FUNCTION program_budgets_reverse_each(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_mergejoin = off
AS $$
DECLARE
    v_round jsonb;
    v_answers jsonb := '{}';
BEGIN
    PERFORM program_budgets_begin_posting();
    PERFORM program_budgets_lock(ARRAY(
        SELECT limit_id FROM program_budgets_entry
            WHERE posting_id IN (
                SELECT (line ->> 'posting')::bigint
                    FROM jsonb_array_elements(p_request -> 'lines') line)
              AND lot_id IS NOT NULL));
    FOR v_round IN
        SELECT jsonb_agg(line ORDER BY place)
            FROM (
                SELECT line, place,
                       row_number() OVER (PARTITION BY posting.member_id ORDER BY place) AS round
                    FROM jsonb_array_elements(p_request -> 'lines')
                        WITH ORDINALITY asked (line, place)
                    LEFT JOIN program_budgets_posting posting
                        ON posting.id = (line ->> 'posting')::bigint
            ) numbered
            GROUP BY round ORDER BY round
    LOOP
        v_answers := v_answers || program_budgets_reverse_round(p_request, v_round);
    END LOOP;
    RETURN jsonb_build_object('status', 'answered', 'answers', v_answers);
END
$$;

-- Postings of as many members, whose limits are locked. Returns the answers by key.
CREATE FUNCTION program_budgets_reverse_round(p_request jsonb, p_lines jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_lines program_budgets_reversing[];
    v_reversed bigint[];
    v_changes program_budgets_change[];
BEGIN
    -- The mirror images, by what they reverse.
    SELECT array_agg(posting_id), array_agg(change) INTO v_reversed, v_changes
        FROM (
            SELECT posting_id,
                   ROW(limit_id, lot_id,
                       coalesce(sum(amount) FILTER (WHERE bucket = 'funding'), 0), 0, 0, 0,
                       -coalesce(sum(amount) FILTER (WHERE bucket = 'withdrawn'), 0), 0
                   )::program_budgets_change AS change
                FROM program_budgets_entry
                WHERE posting_id IN (
                    SELECT (line ->> 'posting')::bigint FROM jsonb_array_elements(p_lines) line)
                GROUP BY posting_id, limit_id, lot_id
        ) mirrored;
    v_lines := program_budgets_decide_reversals(
        p_lines, v_at, program_budgets_used(v_reversed, v_changes));
    INSERT INTO program_budgets_posting
        (id, kind, program_id, cycle_id, member_id, account_id, reverses_id, unit, amount, items,
         checkout_id, order_id, actor, cause, at, created_at)
    SELECT line.posting_id, 'reversal', original.program_id, original.cycle_id, original.member_id,
           original.account_id, original.id, original.unit, original.amount, original.items,
           original.checkout_id, original.order_id, p_request ->> 'actor', p_request ->> 'reason',
           v_at, clock_timestamp()
        FROM unnest(v_lines) line
        JOIN program_budgets_posting original ON original.id = line.reversed_id
        WHERE line.answer IS NULL;
    PERFORM program_budgets_move_each(
            array_agg(line.posting_id),
            array_agg(ROW(change.limit_id, change.lot_id, change.granted, 0, 0, 0, change.withdrawn, 0
                      )::program_budgets_change))
        FROM unnest(v_lines) line
        JOIN unnest(v_reversed, v_changes) change (
            reversed_id, limit_id, lot_id, granted, held, spent, lapsed, withdrawn, moved)
            ON change.reversed_id = line.reversed_id
        WHERE line.answer IS NULL
        HAVING count(*) > 0;
    RETURN (
        SELECT jsonb_object_agg(key, coalesce(answer, program_budgets_remember(key, fingerprint,
                   jsonb_build_object('status', 'reversed', 'posting', posting_id,
                                      'amount', amount, 'unit', unit))))
            FROM unnest(v_lines));
END
$$;

-- Decide each line: it has been answered before, can't be, or is posted under an id of its own.
CREATE FUNCTION program_budgets_decide_reversals(
    p_lines jsonb, p_at timestamptz, p_used bigint[]
) RETURNS program_budgets_reversing[]
LANGUAGE plpgsql AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(asked.key, asked.fingerprint, decided.answer,
                   CASE WHEN decided.answer IS NULL
                       THEN nextval('program_budgets_posting_id_seq') END,
                   original.id, original.amount, original.unit)::program_budgets_reversing
            FROM jsonb_to_recordset(p_lines) asked (key text, fingerprint text, posting bigint)
            LEFT JOIN program_budgets_posting original
                ON original.id = asked.posting AND original.kind = 'adjustment'
            CROSS JOIN LATERAL (
                SELECT coalesce(
                    CASE WHEN original.id IS NULL
                        THEN '{"status": "unknown_posting"}'::jsonb END,
                    program_budgets_replay(asked.key, asked.fingerprint),
                    CASE WHEN EXISTS (
                            SELECT FROM program_budgets_posting WHERE reverses_id = original.id)
                        THEN '{"status": "not_reversible", "because": "reversed"}'::jsonb END,
                    CASE WHEN EXISTS (
                            SELECT FROM program_budgets_entry line
                                JOIN program_budgets_limit budget ON budget.id = line.limit_id
                                WHERE line.posting_id = original.id AND budget.renews_at <= p_at)
                        THEN '{"status": "behind"}'::jsonb END,
                    CASE WHEN original.id = ANY (p_used)
                        THEN '{"status": "not_reversible", "because": "used"}'::jsonb END) AS answer
            ) decided);
END
$$;

-- Which of these postings can't be reversed by these changes, since their value has been used. What
-- the constraint of lots would refuse is found here first, for others of the set do fit.
CREATE FUNCTION program_budgets_used(p_reversed bigint[], p_changes program_budgets_change[])
RETURNS bigint[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ARRAY(
        SELECT change.reversed_id
            FROM unnest(p_reversed, p_changes) change (
                reversed_id, limit_id, lot_id, granted, held, spent, lapsed, withdrawn, moved)
            JOIN program_budgets_lot lot ON lot.id = change.lot_id
            WHERE least(lot.withdrawn + change.withdrawn,
                        lot.amount + change.granted - lot.held - lot.spent - lot.lapsed
                        - lot.withdrawn - change.withdrawn - lot.moved) < 0);
END
$$;

-- Write what postings do to members' lots: granted and withdrawn, which is all that adjustments
-- consist of. p_postings says of which posting each change is; a lot is changed once at most, and a
-- limit by one posting. The check constraints of limit and lot are the guard, as ever.
CREATE FUNCTION program_budgets_move_each(p_postings bigint[], p_changes program_budgets_change[])
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_entries bigint;
BEGIN
    WITH lot_after AS (
        UPDATE program_budgets_lot lot SET
            amount = lot.amount + change.granted,
            withdrawn = lot.withdrawn + change.withdrawn
            FROM unnest(p_postings, p_changes) change (
                posting_id, limit_id, lot_id, granted, held, spent, lapsed, withdrawn, moved)
            WHERE lot.id = change.lot_id AND lot.limit_id = change.limit_id
            RETURNING change.posting_id, lot.limit_id, lot.id AS lot_id, change.granted,
                change.withdrawn, lot.amount AS new_amount, lot.withdrawn AS new_withdrawn,
                lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved
                    AS new_available
    ), limit_after AS (
        UPDATE program_budgets_limit budget SET ceiling = budget.ceiling + total.granted
            FROM (
                SELECT limit_id, sum(granted - withdrawn)::bigint AS granted
                    FROM unnest(p_changes) GROUP BY limit_id
            ) total
            WHERE budget.id = total.limit_id
    )
    INSERT INTO program_budgets_entry
        (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
    SELECT posting_id, limit_id, lot_id, line.bucket, line.amount, line.balance - line.amount,
           line.balance
        FROM lot_after
        CROSS JOIN LATERAL (VALUES
            ('funding', -granted, -new_amount),
            ('available', granted - withdrawn, new_available),
            ('withdrawn', withdrawn, new_withdrawn)
        ) line (bucket, amount, balance)
        WHERE line.amount <> 0;
    GET DIAGNOSTICS v_entries = ROW_COUNT;
    PERFORM program_budgets_require_all_placed(2 * cardinality(p_changes) - v_entries);
END
$$;
