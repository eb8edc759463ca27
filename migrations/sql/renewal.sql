-- Periods: what a member's budget becomes when one ends and the next begins.
--
-- A member's limit says by renews_at when its period ends; null means that it stands in none yet.
-- What lapses with the period (all lots that end at that very instant, but not what was carried
-- before) is carried as far as the terms allow, and the rest lapses. The next period's allotment
-- comes at the same time. Nothing here depends on when it is run: all is dated renews_at, and who
-- wants to buy or give back before the job came is renewed first.

-- The terms of a program and of its groups; a member's are the ones that come first.
CREATE FUNCTION program_budgets_terms(p_terms jsonb) RETURNS TABLE (
    group_id bigint, place int, allotment bigint, items bigint, carry_limit bigint, carry_days int,
    zone text
)
LANGUAGE sql IMMUTABLE AS $$
    SELECT * FROM jsonb_to_recordset(p_terms) term (
        group_id bigint, place int, allotment bigint, items bigint, carry_limit bigint,
        carry_days int, zone text)
$$;

-- The instant of a time on the wall clock of a time zone; the first of two where clocks go back, as
-- in Python. (PostgreSQL by itself takes the second.)
CREATE FUNCTION program_budgets_instant(p_wall timestamp, p_zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_by_offset_before timestamptz :=
        (p_wall - interval '1 day') AT TIME ZONE p_zone + interval '24 hours';
BEGIN
    IF v_by_offset_before AT TIME ZONE p_zone = p_wall THEN
        RETURN v_by_offset_before;
    END IF;
    RETURN p_wall AT TIME ZONE p_zone;
END
$$;

-- The same time of day, some days later, on the wall clock of a time zone.
CREATE FUNCTION program_budgets_days_after(p_instant timestamptz, p_days int, p_zone text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN program_budgets_instant(
        p_instant AT TIME ZONE p_zone + make_interval(days => p_days), p_zone);
END
$$;

-- Which year since p_since it is at p_instant, by anniversaries: its first and its last instant. 29
-- February clamps to the 28th.
CREATE FUNCTION program_budgets_year_of(
    p_since timestamptz, p_instant timestamptz, p_zone text,
    OUT starts_at timestamptz, OUT ends_at timestamptz
)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(day) FILTER (WHERE day <= p_instant), p_since),
           min(day) FILTER (WHERE day > p_instant)
        FROM (
            SELECT program_budgets_instant(
                       p_since AT TIME ZONE p_zone + make_interval(years => number), p_zone)
                FROM (
                    SELECT (extract(year FROM p_instant AT TIME ZONE p_zone)
                            - extract(year FROM p_since AT TIME ZONE p_zone))::int AS years
                ) passed
                CROSS JOIN LATERAL
                    generate_series(greatest(years - 1, 0), greatest(years, 0) + 1) number
        ) anniversary (day)
$$;

-- The end of one limit's period, and what follows.
CREATE TYPE program_budgets_period_end AS (
    limit_id bigint,
    unit varchar,
    member_id bigint,
    account_id bigint,
    boundary timestamptz,
    allotment bigint,
    starts_at timestamptz,
    ends_at timestamptz,
    carry_limit bigint,
    carry_until timestamptz
);

-- What the end of p_limits' period means for each, and what follows. p_request says what is the same
-- for all: cycle (null: at an opening, none ends), next (null: none follows), starts_at, ends_at,
-- boundary, is_anniversary and terms.
--
-- This and the next are functions that a plan doesn't look into: by them it knows about how many
-- rows there are, and for so few each looks up its own.
CREATE FUNCTION program_budgets_due(p_request jsonb, p_limits bigint[])
RETURNS SETOF program_budgets_period_end
LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    WITH term AS MATERIALIZED (
        SELECT * FROM program_budgets_terms(p_request -> 'terms')
    ), asked AS MATERIALIZED (
        SELECT budget.id, budget.unit, budget.renews_at, member.id AS member_id, member.account_id,
               member.is_active, member.joined_at
            FROM program_budgets_limit budget
            JOIN program_budgets_member member ON member.id = budget.member_id
            WHERE budget.id = ANY (p_limits)
    ), winner AS (
        SELECT DISTINCT ON (asked.id) asked.id, term.*
            FROM asked
            JOIN program_budgets_groupmember enrolled ON enrolled.member_id = asked.member_id
            JOIN term ON term.group_id = enrolled.group_id
            ORDER BY asked.id, term.place
    ), stands AS (
        SELECT asked.*, (p_request ->> 'next') IS NOT NULL AS goes_on,
               coalesce(winner.allotment, term.allotment) AS allotment,
               coalesce(winner.items, term.items) AS items,
               coalesce(winner.carry_limit, term.carry_limit) AS carry_limit,
               CASE WHEN winner.group_id IS NULL THEN term.carry_days ELSE winner.carry_days END
                   AS carry_days,
               term.zone,
               coalesce((p_request ->> 'boundary')::timestamptz, asked.renews_at) AS boundary
            FROM asked
            JOIN term ON term.group_id IS NULL
            LEFT JOIN winner ON winner.id = asked.id
    )
    SELECT stands.id, stands.unit, stands.member_id, stands.account_id, stands.boundary,
           CASE WHEN NOT goes_on OR NOT is_active THEN 0
                WHEN stands.unit = 'ITEM' THEN items ELSE stands.allotment END,
           period.starts_at, period.ends_at,
           CASE WHEN goes_on AND is_active AND stands.unit <> 'ITEM' THEN stands.carry_limit
                ELSE 0 END,
           coalesce(
               CASE WHEN carry_days IS NOT NULL
                   THEN program_budgets_days_after(stands.boundary, carry_days, zone) END,
               period.ends_at)
        FROM stands
        CROSS JOIN LATERAL (
            SELECT (p_request ->> 'starts_at')::timestamptz AS starts_at,
                   (p_request ->> 'ends_at')::timestamptz AS ends_at
                WHERE NOT (p_request ->> 'is_anniversary')::boolean
            UNION ALL
            -- Who was a member before an opening begins in the middle of their year. From then on one
            -- year follows another, also where the clocks of another zone would cut it an hour later.
            SELECT coalesce(stands.boundary, own.starts_at), own.ends_at
                FROM program_budgets_year_of(
                    joined_at,
                    coalesce(stands.boundary + interval '2 days', (p_request ->> 'starts_at')::timestamptz),
                    zone
                ) own
                WHERE (p_request ->> 'is_anniversary')::boolean
        ) period;
END
$$;

-- What is free of the lots that end with the period, and what of it goes on. In the order of
-- consumption, as far as the carry limit goes.
CREATE FUNCTION program_budgets_leftovers(p_due program_budgets_period_end[]) RETURNS TABLE (
    limit_id bigint, lot_id bigint, cycle_id bigint, unit varchar, carried bigint, lapsed bigint,
    boundary timestamptz, carry_until timestamptz
)
LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    RETURN QUERY
    SELECT ending.limit_id, ending.lot_id, ending.cycle_id, ending.unit, decided.carried,
           ending.free - decided.carried, ending.boundary, ending.carry_until
        FROM (
            SELECT due.*, lot.id AS lot_id, lot.cycle_id, left_over.free,
                   sum(left_over.free) OVER (PARTITION BY lot.limit_id
                                             ORDER BY lot.created_at, lot.id) AS so_far
                FROM unnest(p_due) due
                JOIN program_budgets_lot lot ON lot.limit_id = due.limit_id
                    AND lot.expires_at = due.boundary AND lot.origin <> 'carry'
                CROSS JOIN LATERAL (
                    SELECT lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved
                        AS free
                ) left_over
                WHERE left_over.free > 0
        ) ending
        CROSS JOIN LATERAL (
            SELECT least(free, greatest(carry_limit - (so_far - free), 0))::bigint AS carried
        ) decided;
END
$$;

-- Lock the next limits whose period is over (p_request.members: theirs, however many) and let their
-- next period begin. Who is buying just now comes with a later call. Safe to repeat: a limit that
-- was renewed is no longer due.
CREATE FUNCTION program_budgets_renew(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_mergejoin = off
AS $$
DECLARE
    v_program constant bigint := (p_request ->> 'program')::bigint;
    v_boundary constant timestamptz := (p_request ->> 'boundary')::timestamptz;
    v_upto constant timestamptz := (p_request ->> 'upto')::timestamptz;
    v_batch constant bigint := (p_request ->> 'batch')::bigint;
    v_limits bigint[];
    v_sums record;
BEGIN
    PERFORM program_budgets_begin_posting();
    IF p_request -> 'members' = 'null' THEN
        -- Each the first rows of the index limit_renewal, however many there are. Who passes over
        -- locked rows waits for nobody, and needs no order.
        IF v_upto IS NOT NULL THEN
            v_limits := ARRAY(
                SELECT id FROM program_budgets_limit
                    WHERE kind = 'member' AND program_id = v_program AND renews_at <= v_upto
                    ORDER BY program_id, renews_at, id LIMIT v_batch FOR UPDATE SKIP LOCKED);
        ELSE
            v_limits := ARRAY(
                SELECT id FROM program_budgets_limit
                    -- As a range, by which that index alone is in this order. With "=" the planner
                    -- may walk the ids, past all that were renewed before.
                    WHERE kind = 'member' AND program_id = v_program
                      AND renews_at BETWEEN v_boundary AND v_boundary
                    ORDER BY program_id, renews_at, id LIMIT v_batch FOR UPDATE SKIP LOCKED);
        END IF;
    ELSE
        PERFORM program_budgets_lock(ARRAY(
            SELECT id FROM program_budgets_limit
                WHERE kind = 'member' AND program_id = v_program AND member_id IN (
                    SELECT value::bigint FROM jsonb_array_elements_text(p_request -> 'members'))));
        v_limits := ARRAY(
            SELECT id FROM program_budgets_limit
                WHERE kind = 'member' AND program_id = v_program AND member_id IN (
                    SELECT value::bigint FROM jsonb_array_elements_text(p_request -> 'members'))
                  AND (renews_at = v_boundary OR renews_at <= v_upto
                       OR v_boundary IS NULL AND v_upto IS NULL AND renews_at IS NULL));
    END IF;
    SELECT * INTO v_sums FROM program_budgets_renew_limits(p_request, v_limits);
    RETURN jsonb_build_object(
        'status', 'renewed', 'limits', cardinality(v_limits), 'granted', v_sums.granted,
        'granted_items', v_sums.granted_items, 'carried', v_sums.carried, 'lapsed', v_sums.lapsed,
        'lapsed_items', v_sums.lapsed_items);
END
$$;

-- The writing of it, for limits that are locked: one statement, however many they are.
CREATE FUNCTION program_budgets_renew_limits(p_request jsonb, p_limits bigint[]) RETURNS TABLE (
    granted bigint, granted_items bigint, carried bigint, lapsed bigint, lapsed_items bigint
)
LANGUAGE sql AS $$
    WITH due AS MATERIALIZED (
        SELECT * FROM program_budgets_due(p_request, p_limits)
    ), ending AS MATERIALIZED (
        SELECT * FROM program_budgets_leftovers(
            ARRAY(SELECT due::program_budgets_period_end FROM due))
    ), ended AS (
        UPDATE program_budgets_lot lot
            SET lapsed = lot.lapsed + ending.lapsed, moved = lot.moved + ending.carried
            FROM ending WHERE lot.id = ending.lot_id
            RETURNING lot.id, lot.lapsed, lot.moved,
                lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved AS free
    ), carried AS (
        INSERT INTO program_budgets_lot
            (limit_id, unit, cycle_id, origin, source_id, amount, held, spent, lapsed, withdrawn,
             moved, expires_at, created_at, reason)
        SELECT limit_id, unit, (p_request ->> 'next')::bigint, 'carry', lot_id, carried, 0, 0, 0, 0,
               0, carry_until, boundary, 'carried forward'
            FROM ending WHERE carried > 0
        RETURNING id, limit_id, source_id, amount
    ), allotted AS (
        INSERT INTO program_budgets_lot
            (limit_id, unit, cycle_id, origin, amount, held, spent, lapsed, withdrawn, moved,
             starts_at, expires_at, created_at, reason)
        SELECT limit_id, unit, (p_request ->> 'next')::bigint, 'allotment', allotment, 0, 0, 0, 0, 0,
               starts_at, ends_at, coalesce(boundary, (p_request ->> 'at')::timestamptz),
               p_request ->> 'reason'
            FROM due
            -- What is carried is consumed first, also where both end together: it is written first.
            WHERE allotment > 0 AND (SELECT count(*) FROM carried) >= 0
        ON CONFLICT DO NOTHING
        RETURNING id, limit_id, amount
    ), total AS (
        SELECT due.*, coalesce(ended.carried, 0) AS carried, coalesce(ended.lapsed, 0) AS lapsed,
               coalesce(allotted.amount, 0) AS granted, allotted.id AS allotment_id
            FROM due
            LEFT JOIN (
                SELECT limit_id, sum(carried)::bigint AS carried, sum(lapsed)::bigint AS lapsed
                    FROM ending GROUP BY limit_id
            ) ended ON ended.limit_id = due.limit_id
            LEFT JOIN allotted ON allotted.limit_id = due.limit_id
    ), placed AS (
        UPDATE program_budgets_limit budget
            SET ceiling = budget.ceiling + total.granted - total.lapsed,
                renews_at = CASE WHEN (p_request ->> 'next') IS NOT NULL THEN total.ends_at END
            FROM total WHERE budget.id = total.limit_id AND budget.id = ANY (p_limits)
    ), rolled AS (
        INSERT INTO program_budgets_rollover
            (limit_id, ends_at, cycle_id, carry_limit, carry_until, carried, lapsed)
        SELECT limit_id, boundary, (p_request ->> 'next')::bigint, carry_limit, carry_until, carried,
               lapsed
            FROM total WHERE boundary IS NOT NULL AND (carry_limit > 0 OR lapsed > 0)
        ON CONFLICT DO NOTHING
    ), posted AS (
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, member_id, account_id, unit, amount, items, checkout_id,
             order_id, actor, cause, at, created_at)
        SELECT line.kind, (p_request ->> 'program')::bigint, line.cycle, member_id, account_id, unit,
               line.amount, 0, '', '', p_request ->> 'actor', line.cause,
               coalesce(boundary, (p_request ->> 'at')::timestamptz), clock_timestamp()
            FROM total
            CROSS JOIN LATERAL (VALUES
                ('rollover', (p_request ->> 'cycle')::bigint, carried + lapsed,
                 'the period ended'),
                ('grant', (p_request ->> 'next')::bigint, granted, p_request ->> 'reason')
            ) line (kind, cycle, amount, cause)
            WHERE line.amount > 0
        RETURNING id, kind, member_id, unit
    ), written AS (
        INSERT INTO program_budgets_entry
            (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
        SELECT posted.id, line.limit_id, line.lot_id, line.bucket, line.amount,
               line.balance - line.amount, line.balance
            FROM posted
            JOIN (
                SELECT 'grant' AS kind, member_id, unit, limit_id, allotment_id AS lot_id, bucket,
                       sign * granted AS amount, sign * granted AS balance
                    FROM total
                    CROSS JOIN (VALUES ('funding', -1), ('available', 1)) side (bucket, sign)
                    WHERE granted > 0
                UNION ALL
                SELECT 'rollover', member_id, total.unit, total.limit_id, moves.lot_id, bucket,
                       amount, balance
                    FROM total
                    JOIN (
                        SELECT ending.limit_id, ending.lot_id, bucket, amount, balance
                            FROM ending
                            JOIN ended ON ended.id = ending.lot_id
                            CROSS JOIN LATERAL (VALUES
                                ('available', -ending.carried - ending.lapsed, ended.free),
                                ('lapsed', ending.lapsed, ended.lapsed),
                                ('moved', ending.carried, ended.moved)
                            ) change (bucket, amount, balance)
                            WHERE amount <> 0
                        UNION ALL
                        SELECT limit_id, id, bucket, sign * amount, sign * amount
                            FROM carried
                            CROSS JOIN (VALUES ('funding', -1), ('available', 1)) side (bucket, sign)
                    ) moves ON moves.limit_id = total.limit_id
            ) line ON line.kind = posted.kind AND line.member_id = posted.member_id
                AND line.unit = posted.unit
    )
    SELECT coalesce(sum(granted) FILTER (WHERE unit <> 'ITEM'), 0)::bigint,
           coalesce(sum(granted) FILTER (WHERE unit = 'ITEM'), 0)::bigint,
           coalesce(sum(carried), 0)::bigint,
           coalesce(sum(lapsed) FILTER (WHERE unit <> 'ITEM'), 0)::bigint,
           coalesce(sum(lapsed) FILTER (WHERE unit = 'ITEM'), 0)::bigint
        FROM total
$$;

-- Record what has lapsed by p_request.at and isn't recorded yet, of up to p_request.batch limits (of
-- p_request.program, or null: of all):
-- what was carried before, or granted until an instant of its own. What ends with a period is left to
-- the renewal.
CREATE FUNCTION program_budgets_lapse(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_of bigint[];
    v_limits bigint[];
    v_limit record;
    v_head program_budgets_posting;
    v_changes program_budgets_change[];
    v_lapsed bigint := 0;
    v_count bigint := 0;
BEGIN
    PERFORM program_budgets_begin_posting();
    IF (p_request ->> 'program') IS NOT NULL THEN
        v_of := ARRAY(
            SELECT id FROM program_budgets_limit
                WHERE kind = 'member' AND program_id = (p_request ->> 'program')::bigint);
    END IF;
    v_limits := ARRAY(
        SELECT id FROM program_budgets_limit
            WHERE id IN (SELECT limit_id FROM program_budgets_lapsing(v_at, v_of)
                             LIMIT (p_request ->> 'batch')::bigint)
            ORDER BY lock_rank, id FOR UPDATE SKIP LOCKED);
    FOR v_limit IN
        SELECT lapsed.at, lapsing.limit_id, lapsing.cycle_id, budget.unit, member.program_id,
               member.id AS member_id, member.account_id, sum(lapsing.free)::bigint AS amount,
               array_agg(ROW(lapsing.limit_id, lapsing.lot_id, 0, 0, 0, lapsing.free, 0, 0)
                             ::program_budgets_change) AS changes
            FROM program_budgets_lapsing(v_at, v_limits) lapsing
            JOIN program_budgets_limit budget ON budget.id = lapsing.limit_id
            JOIN program_budgets_member member ON member.id = budget.member_id
            CROSS JOIN LATERAL (
                -- What a reversal gave back to a lot that had expired was there only from then on.
                SELECT greatest(lapsing.expires_at, max(reversal.at)) AS at
                    FROM program_budgets_posting reversal
                    JOIN program_budgets_entry line ON line.posting_id = reversal.id
                    WHERE reversal.member_id = member.id AND reversal.kind = 'reversal'
                      AND line.lot_id = lapsing.lot_id
            ) lapsed
            GROUP BY lapsed.at, lapsing.limit_id, lapsing.cycle_id, budget.unit, member.id
            ORDER BY lapsed.at, lapsing.limit_id
    LOOP
        v_head := program_budgets_head('lapse', p_request);
        v_head.program_id := v_limit.program_id;
        v_head.cycle_id := v_limit.cycle_id;
        v_head.member_id := v_limit.member_id;
        v_head.account_id := v_limit.account_id;
        v_head.unit := v_limit.unit;
        v_head.amount := v_limit.amount;
        v_head.at := v_limit.at;
        v_head.cause := 'expired';
        PERFORM program_budgets_post(v_head, v_limit.changes);
        v_lapsed := v_lapsed + v_limit.amount;
        v_count := v_count + 1;
    END LOOP;
    RETURN jsonb_build_object('status', 'lapsed', 'limits', cardinality(v_limits),
                              'postings', v_count, 'amount', v_lapsed);
END
$$;

-- Lots with something left that had expired by p_at, of these limits (null: of all).
CREATE FUNCTION program_budgets_lapsing(p_at timestamptz, p_limits bigint[]) RETURNS TABLE (
    lot_id bigint, limit_id bigint, cycle_id bigint, expires_at timestamptz, free bigint
)
LANGUAGE sql STABLE AS $$
    SELECT lot.id, lot.limit_id, lot.cycle_id, lot.expires_at, left_over.free
        FROM program_budgets_lot lot
        JOIN program_budgets_limit budget ON budget.id = lot.limit_id
        CROSS JOIN LATERAL (
            SELECT lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved AS free
        ) left_over
        WHERE lot.expires_at <= p_at AND lot.has_left
          AND (p_limits IS NULL OR lot.limit_id = ANY (p_limits))
          AND (lot.origin = 'carry' OR lot.expires_at IS DISTINCT FROM budget.renews_at)
        ORDER BY lot.expires_at, lot.id
$$;

-- Close a program's cycle and open the next, with the caps that stand, temporary raises left out.
-- Waits for purchases under way and keeps new ones out until it has committed: each counts in one
-- of the two cycles. Safe to repeat.
CREATE FUNCTION program_budgets_turn_cycle(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_cycle program_budgets_cycle;
    v_next bigint;
BEGIN
    PERFORM program_budgets_stop_postings();
    SELECT * INTO STRICT v_cycle FROM program_budgets_cycle
        WHERE id = (p_request ->> 'cycle')::bigint FOR UPDATE;
    IF v_cycle.closed_at IS NOT NULL THEN
        RETURN '{"status": "turned"}';
    END IF;
    UPDATE program_budgets_cycle SET closed_at = ends_at, terms = p_request -> 'terms'
        WHERE id = v_cycle.id;
    IF (p_request ->> 'ends_at') IS NULL THEN
        UPDATE program_budgets_program SET status = 'closed' WHERE id = v_cycle.program_id;
    ELSE
        INSERT INTO program_budgets_cycle (program_id, number, starts_at, ends_at)
            VALUES (v_cycle.program_id, v_cycle.number + 1, v_cycle.ends_at,
                    (p_request ->> 'ends_at')::timestamptz)
            RETURNING id INTO v_next;
        PERFORM program_budgets_repeat_caps(v_cycle, v_next, p_request);
    END IF;
    UPDATE program_budgets_limit SET is_open = false
        WHERE kind = 'cap' AND cycle_id = v_cycle.id;
    RETURN jsonb_build_object('status', 'turned', 'next', v_next);
END
$$;

-- Give the next cycle the caps of the one that ends.
CREATE FUNCTION program_budgets_repeat_caps(
    p_cycle program_budgets_cycle, p_next bigint, p_request jsonb
) RETURNS void
LANGUAGE sql AS $$
    WITH standing AS MATERIALIZED (
        SELECT nextval('program_budgets_limit_id_seq') AS new_id,
               program_budgets_base_ceiling(cap.id) AS new_ceiling, cap.*
            FROM program_budgets_limit cap
            WHERE cap.kind = 'cap' AND cap.share = 0 AND cap.cycle_id = p_cycle.id AND cap.is_open
    ), opened AS (
        INSERT INTO program_budgets_limit
            (id, kind, program_id, cycle_id, account_id, unit, ceiling, held, spent, overhang,
             is_open, lock_rank, cap_id, share, spread, takes_new)
        SELECT new_id, 'cap', program_id, p_next, account_id, unit, new_ceiling, 0, 0, 0, true,
               lock_rank, new_id, 0, 1, true
            FROM standing
    ), posted AS (
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, account_id, unit, amount, items, checkout_id, order_id,
             actor, cause, at, created_at)
        SELECT 'ceiling', program_id, p_next, account_id, unit, new_ceiling, 0, '', '',
               p_request ->> 'actor', 'the cap of the cycle before', p_cycle.ends_at,
               clock_timestamp()
            FROM standing
        RETURNING id, account_id, unit
    )
    INSERT INTO program_budgets_entry
        (posting_id, limit_id, bucket, amount, balance_before, balance_after)
    SELECT posted.id, standing.new_id, bucket, sign * new_ceiling, 0, sign * new_ceiling
        FROM posted
        JOIN standing ON standing.account_id = posted.account_id AND standing.unit = posted.unit
        CROSS JOIN (VALUES ('funding', -1), ('available', 1)) side (bucket, sign)
        WHERE new_ceiling <> 0
$$;
