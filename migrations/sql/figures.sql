-- Live figures: what changes is appended by triggers, in the transaction that changes it, and folded
-- into totals later. No row is counted up in place, so no purchase waits for another because of it.
-- docs/figures.md says what each figure is.

-- Of members' lots and limits all is known from the entries. The posting says when, in which cycle
-- and under which account it happened; what remains to a member goes by the account they are under
-- now. Of caps nothing is kept; that a ceiling has changed is noted.
--
-- Nearly always one posting is written at a time, and then one member's: that has a short way of its
-- own. Rows are looked up by their keys, however many there are: the plans are made once.
CREATE FUNCTION program_budgets_note_entries() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_first bigint;
    v_last bigint;
    v_lots bigint;
    v_posting program_budgets_posting;
    v_on_date date;
    v_now_under bigint;
    v_accounts bigint[];
BEGIN
    SELECT min(posting_id), max(posting_id), count(lot_id) INTO v_first, v_last, v_lots FROM written;
    IF v_first = v_last THEN
        SELECT * INTO v_posting FROM program_budgets_posting WHERE id = v_first;
        IF v_posting.kind = 'share' THEN
            RETURN NULL;
        END IF;
        v_on_date := (v_posting.at AT TIME ZONE (
            SELECT time_zone FROM program_budgets_program WHERE id = v_posting.program_id))::date;
        IF v_lots = 0 THEN
            INSERT INTO program_budgets_figurechange
                (program_id, cycle_id, account_id, unit, on_date, remaining, held, members, spenders,
                 overspent, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals,
                 limits)
            VALUES (v_posting.program_id, v_posting.cycle_id, v_posting.account_id, v_posting.unit,
                    v_on_date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}');
            RETURN NULL;
        END IF;
        SELECT account_id INTO v_now_under
            FROM program_budgets_member WHERE id = v_posting.member_id;
        -- The first account is the one that it happened under.
        v_accounts := ARRAY[v_posting.account_id];
        IF v_now_under <> v_posting.account_id THEN
            v_accounts := v_accounts || v_now_under;
        END IF;
        INSERT INTO program_budgets_figurechange
            (program_id, cycle_id, account_id, unit, on_date, remaining, held, members, spenders,
             overspent, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
        SELECT v_posting.program_id, v_posting.cycle_id, account, budget.unit, v_on_date,
               here * freed, there * more_held, 0,
               here * ((budget.spent > 0)::int - (budget.spent - more_spent > 0)::int),
               here * (greatest(-free, 0) - greatest(freed - free, 0)),
               there * granted,
               there * CASE v_posting.kind WHEN 'capture' THEN more_spent ELSE 0 END,
               there * CASE v_posting.kind WHEN 'capture' THEN 0 ELSE -more_spent END,
               there * lapsed, there * withdrawn,
               there * (v_posting.kind = 'capture')::int, 0,
               CASE here WHEN 1 THEN ARRAY[budget.id] ELSE '{}' END
            FROM (
                SELECT limit_id,
                       sum(CASE bucket WHEN 'available' THEN amount ELSE 0 END) AS freed,
                       sum(CASE bucket WHEN 'held' THEN amount ELSE 0 END) AS more_held,
                       sum(CASE bucket WHEN 'spent' THEN amount ELSE 0 END) AS more_spent,
                       sum(CASE bucket WHEN 'lapsed' THEN amount ELSE 0 END) AS lapsed,
                       sum(CASE bucket WHEN 'withdrawn' THEN amount ELSE 0 END) AS withdrawn,
                       sum(CASE WHEN bucket IN ('funding', 'moved') THEN -amount ELSE 0 END)
                           AS granted
                    FROM written WHERE lot_id IS NOT NULL GROUP BY limit_id
            ) line
            JOIN program_budgets_limit budget ON budget.id = line.limit_id
            CROSS JOIN LATERAL (
                SELECT budget.ceiling - budget.held - budget.spent AS free
            ) figures
            CROSS JOIN LATERAL (
                SELECT account, (place = 1)::int AS there,
                       (place = cardinality(v_accounts))::int AS here
                    FROM unnest(v_accounts) WITH ORDINALITY each (account, place)
            ) place;
        RETURN NULL;
    END IF;
    INSERT INTO program_budgets_figurechange
        (program_id, cycle_id, account_id, unit, on_date, remaining, held, members, spenders,
         overspent, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
    WITH line AS MATERIALIZED (
        SELECT posting.id AS posting_id, posting.kind, posting.program_id, posting.cycle_id,
               posting.account_id, coalesce(budget.unit, posting.unit) AS unit,
               (posting.at AT TIME ZONE program.time_zone)::date AS on_date, budget.id AS limit_id,
               member.account_id AS now_under,
               budget.ceiling - budget.held - budget.spent AS free, budget.spent AS used,
               entry.bucket, entry.amount
            FROM written entry
            JOIN program_budgets_posting posting ON posting.id = entry.posting_id
            LEFT JOIN program_budgets_program program ON program.id = posting.program_id
            LEFT JOIN program_budgets_limit budget
                ON budget.id = entry.limit_id AND entry.lot_id IS NOT NULL
            LEFT JOIN program_budgets_member member ON member.id = budget.member_id
            WHERE entry.lot_id IS NOT NULL OR entry.bucket = 'funding' AND posting.kind <> 'share'
    ), touched AS (
        SELECT program_id, min(cycle_id) AS cycle_id, now_under, unit, min(on_date) AS on_date,
               limit_id, free, used,
               coalesce(sum(amount) FILTER (WHERE bucket = 'available'), 0) AS freed,
               coalesce(sum(amount) FILTER (WHERE bucket = 'spent'), 0) AS more_used
            FROM line WHERE limit_id IS NOT NULL
            GROUP BY program_id, now_under, unit, limit_id, free, used
    ), change AS (
        SELECT program_id, cycle_id, now_under AS account_id, unit, on_date, freed AS remaining,
               0 AS held, (used > 0)::int - (used - more_used > 0)::int AS spenders,
               greatest(-free, 0) - greatest(freed - free, 0) AS overspent, 0 AS granted,
               0 AS redeemed, 0 AS refunded, 0 AS lapsed, 0 AS withdrawn, 0 AS redemptions, limit_id
            FROM touched
        UNION ALL
        SELECT program_id, cycle_id, account_id, unit, on_date, 0,
               coalesce(sum(amount) FILTER (WHERE bucket = 'held'), 0), 0, 0,
               -coalesce(sum(amount) FILTER (WHERE bucket IN ('funding', 'moved')), 0),
               coalesce(sum(amount) FILTER (WHERE bucket = 'spent' AND kind = 'capture'), 0),
               -coalesce(sum(amount) FILTER (WHERE bucket = 'spent' AND kind <> 'capture'), 0),
               coalesce(sum(amount) FILTER (WHERE bucket = 'lapsed'), 0),
               coalesce(sum(amount) FILTER (WHERE bucket = 'withdrawn'), 0),
               count(DISTINCT posting_id) FILTER (WHERE kind = 'capture'), NULL
            FROM line WHERE limit_id IS NOT NULL
            GROUP BY program_id, cycle_id, account_id, unit, on_date
        UNION ALL
        SELECT DISTINCT program_id, cycle_id, account_id, unit, on_date, 0, 0, 0, 0, 0, 0, 0, 0, 0,
               0, NULL::bigint
            FROM line WHERE limit_id IS NULL
    )
    SELECT program_id, cycle_id, account_id, unit, on_date, sum(remaining), sum(held), 0,
           sum(spenders), sum(overspent), sum(granted), sum(redeemed), sum(refunded), sum(lapsed),
           sum(withdrawn), sum(redemptions), 0,
           coalesce(array_agg(limit_id) FILTER (WHERE limit_id IS NOT NULL), '{}')
        FROM change GROUP BY program_id, cycle_id, account_id, unit, on_date;
    RETURN NULL;
END
$$;
CREATE TRIGGER program_budgets_note_entries
    AFTER INSERT ON program_budgets_entry REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_entries();

-- A refusal keeps the account that its member was under and the cycle that was open, as a posting does.
CREATE FUNCTION program_budgets_place_refusal() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.account_id := (SELECT account_id FROM program_budgets_member WHERE id = NEW.member_id);
    NEW.cycle_id := (SELECT id FROM program_budgets_cycle
                         WHERE program_id = NEW.program_id AND closed_at IS NULL);
    RETURN NEW;
END
$$;
CREATE TRIGGER program_budgets_place_refusal
    BEFORE INSERT ON program_budgets_refused
    FOR EACH ROW EXECUTE FUNCTION program_budgets_place_refusal();

CREATE FUNCTION program_budgets_note_refusals() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO program_budgets_figurechange
        (program_id, cycle_id, account_id, unit, on_date, remaining, held, members, spenders,
         overspent, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
    SELECT refused.program_id, refused.cycle_id, refused.account_id,
           coalesce(nullif(refused.unit, ''), program.currency),
           (refused.at AT TIME ZONE program.time_zone)::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
           count(*), '{}'
        FROM written refused JOIN program_budgets_program program ON program.id = refused.program_id
        GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END
$$;
CREATE TRIGGER program_budgets_note_refusals
    AFTER INSERT ON program_budgets_refused REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_refusals();

-- Members come, go and move; what remains to them goes with them. Who buys just now comes before or
-- after it: their limits are locked, and then read.
CREATE FUNCTION program_budgets_note_members() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_limits bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO program_budgets_figurechange
            (program_id, account_id, unit, remaining, held, members, spenders, overspent, granted,
             redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
        SELECT program.id, member.account_id, program.currency, 0, 0, count(*), 0, 0, 0, 0, 0, 0, 0,
               0, 0, '{}'
            FROM written member JOIN program_budgets_program program ON program.id = member.program_id
            WHERE member.is_active
            GROUP BY program.id, member.account_id;
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO program_budgets_figurechange
            (program_id, account_id, unit, remaining, held, members, spenders, overspent, granted,
             redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
        SELECT program.id, member.account_id, program.currency, 0, 0, -count(*), 0, 0, 0, 0, 0, 0, 0,
               0, 0, '{}'
            FROM gone member JOIN program_budgets_program program ON program.id = member.program_id
            WHERE member.is_active
            GROUP BY program.id, member.account_id;
        RETURN NULL;
    END IF;
    -- Planned each time: a plan that was made for one member takes seconds for thousands.
    EXECUTE $limits$
    SELECT coalesce(array_agg(budget.id), '{}') FROM gone
        JOIN written USING (id)
        JOIN program_budgets_limit budget ON budget.kind = 'member' AND budget.member_id = gone.id
        WHERE gone.account_id <> written.account_id
    $limits$ INTO v_limits;
    PERFORM program_budgets_lock(v_limits);
    EXECUTE $change$
    INSERT INTO program_budgets_figurechange
        (program_id, account_id, unit, remaining, held, members, spenders, overspent, granted,
         redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
    WITH moved AS MATERIALIZED (
        SELECT id, gone.program_id, place.account_id, place.is_active, place.sign,
               gone.account_id <> written.account_id AS takes_all
            FROM gone
            JOIN written USING (id)
            CROSS JOIN LATERAL (VALUES
                (gone.account_id, gone.is_active, -1), (written.account_id, written.is_active, 1)
            ) place (account_id, is_active, sign)
            WHERE (gone.account_id, gone.is_active) <> (written.account_id, written.is_active)
    ), change AS (
        SELECT moved.program_id, moved.account_id, program.currency AS unit, 0 AS remaining,
               moved.sign * moved.is_active::int AS members, 0 AS spenders, 0 AS overspent,
               NULL::bigint AS limit_id
            FROM moved JOIN program_budgets_program program ON program.id = moved.program_id
        UNION ALL
        SELECT moved.program_id, moved.account_id, budget.unit, stock.sign * free, 0,
               stock.sign * (budget.spent > 0)::int, stock.sign * greatest(-free, 0), budget.id
            FROM moved
            JOIN program_budgets_limit budget
                ON budget.kind = 'member' AND budget.member_id = moved.id
            CROSS JOIN LATERAL (
                SELECT budget.ceiling - budget.held - budget.spent AS free,
                       moved.sign * moved.takes_all::int AS sign
            ) stock
    )
    SELECT program_id, account_id, unit, sum(remaining), 0, sum(members), sum(spenders),
           sum(overspent), 0, 0, 0, 0, 0, 0, 0,
           coalesce(array_agg(limit_id) FILTER (WHERE limit_id IS NOT NULL), '{}')
        FROM change GROUP BY program_id, account_id, unit
    $change$;
    RETURN NULL;
END
$$;
CREATE TRIGGER program_budgets_note_new_members
    AFTER INSERT ON program_budgets_member REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_members();
CREATE TRIGGER program_budgets_note_changed_members
    AFTER UPDATE ON program_budgets_member REFERENCING OLD TABLE AS gone NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_members();
CREATE TRIGGER program_budgets_note_gone_members
    AFTER DELETE ON program_budgets_member REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_members();

-- Programs, cycles and accounts are shown beside figures: who waits for a change hears of theirs too.
CREATE FUNCTION program_budgets_note_other() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO program_budgets_figurechange
        (unit, remaining, held, members, spenders, overspent, granted, redeemed, refunded, lapsed,
         withdrawn, redemptions, refusals, limits)
    VALUES ('', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}');
    RETURN NULL;
END
$$;
CREATE TRIGGER program_budgets_note_program
    AFTER INSERT OR UPDATE ON program_budgets_program
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_other();
CREATE TRIGGER program_budgets_note_cycle
    AFTER INSERT OR UPDATE ON program_budgets_cycle
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_other();
CREATE TRIGGER program_budgets_note_account
    AFTER INSERT OR UPDATE ON program_budgets_account
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_note_other();

-- In another time zone a program's days begin at other instants.
CREATE FUNCTION program_budgets_note_time_zone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM program_budgets_recount_figures(NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER program_budgets_note_time_zone
    AFTER UPDATE ON program_budgets_program
    FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone)
    EXECUTE FUNCTION program_budgets_note_time_zone();

-- What a member has that hasn't lapsed, and what of it they have used.
CREATE FUNCTION program_budgets_standing_of(p_limits bigint[], p_at timestamptz) RETURNS TABLE (
    limit_id bigint, allocated bigint, held bigint, redeemed bigint, used_permille int
)
LANGUAGE sql STABLE AS $$
    SELECT lot.limit_id, sum(has)::bigint, sum(lot.held)::bigint, sum(lot.spent)::bigint,
           coalesce(floor(1000 * sum(lot.held + lot.spent) / nullif(sum(has), 0)), 0)::int
        FROM program_budgets_lot lot
        CROSS JOIN LATERAL (SELECT amount - lapsed - withdrawn - moved AS has) figures
        WHERE lot.limit_id = ANY (p_limits) AND (expires_at IS NULL OR expires_at > p_at)
        GROUP BY lot.limit_id
$$;

-- Add the oldest changes to the totals, and forget them: one statement, so that every reader sees
-- each of them once. Returns how many it were.
CREATE FUNCTION program_budgets_fold_figures(p_batch int, p_at timestamptz) RETURNS bigint
LANGUAGE sql AS $$
    WITH taken AS (
        DELETE FROM program_budgets_figurechange WHERE id IN (
            SELECT id FROM program_budgets_figurechange ORDER BY id LIMIT p_batch)
        RETURNING *
    ), stock AS (
        INSERT INTO program_budgets_accounttotal AS total
            (program_id, account_id, unit, remaining, held, members, spenders, overspent)
        SELECT program_id, account_id, unit, sum(remaining), sum(held), sum(members), sum(spenders),
               sum(overspent)
            FROM taken WHERE program_id IS NOT NULL
            GROUP BY program_id, account_id, unit ORDER BY program_id, account_id, unit
        ON CONFLICT (program_id, account_id, unit) DO UPDATE SET
            remaining = total.remaining + excluded.remaining, held = total.held + excluded.held,
            members = total.members + excluded.members,
            spenders = total.spenders + excluded.spenders,
            overspent = total.overspent + excluded.overspent
    ), by_cycle AS (
        INSERT INTO program_budgets_cycletotal AS total
            (program_id, cycle_id, account_id, unit, granted, redeemed, refunded, lapsed, withdrawn,
             redemptions, refusals)
        SELECT program_id, cycle_id, account_id, unit, sum(granted), sum(redeemed), sum(refunded),
               sum(lapsed), sum(withdrawn), sum(redemptions), sum(refusals)
            FROM taken WHERE program_id IS NOT NULL AND on_date IS NOT NULL
            GROUP BY program_id, cycle_id, account_id, unit
            ORDER BY program_id, cycle_id, account_id, unit
        ON CONFLICT (program_id, cycle_id, account_id, unit) DO UPDATE SET
            granted = total.granted + excluded.granted,
            redeemed = total.redeemed + excluded.redeemed,
            refunded = total.refunded + excluded.refunded, lapsed = total.lapsed + excluded.lapsed,
            withdrawn = total.withdrawn + excluded.withdrawn,
            redemptions = total.redemptions + excluded.redemptions,
            refusals = total.refusals + excluded.refusals
    ), by_account AS (
        INSERT INTO program_budgets_accountday AS total
            (program_id, on_date, account_id, unit, granted, redeemed, refunded, lapsed, withdrawn,
             redemptions, refusals)
        SELECT program_id, on_date, account_id, unit, sum(granted), sum(redeemed), sum(refunded),
               sum(lapsed), sum(withdrawn), sum(redemptions), sum(refusals)
            FROM taken WHERE program_id IS NOT NULL AND on_date IS NOT NULL
            GROUP BY program_id, on_date, account_id, unit
            ORDER BY program_id, on_date, account_id, unit
        ON CONFLICT (program_id, on_date, account_id, unit) DO UPDATE SET
            granted = total.granted + excluded.granted,
            redeemed = total.redeemed + excluded.redeemed,
            refunded = total.refunded + excluded.refunded, lapsed = total.lapsed + excluded.lapsed,
            withdrawn = total.withdrawn + excluded.withdrawn,
            redemptions = total.redemptions + excluded.redemptions,
            refusals = total.refusals + excluded.refusals
    ), by_week AS (
        INSERT INTO program_budgets_accountweek AS total
            (program_id, week_of, account_id, unit, granted, redeemed, refunded, lapsed, withdrawn,
             redemptions, refusals)
        SELECT program_id, date_trunc('week', on_date)::date, account_id, unit, sum(granted),
               sum(redeemed), sum(refunded), sum(lapsed), sum(withdrawn), sum(redemptions),
               sum(refusals)
            FROM taken WHERE program_id IS NOT NULL AND on_date IS NOT NULL
            GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT (program_id, week_of, account_id, unit) DO UPDATE SET
            granted = total.granted + excluded.granted,
            redeemed = total.redeemed + excluded.redeemed,
            refunded = total.refunded + excluded.refunded, lapsed = total.lapsed + excluded.lapsed,
            withdrawn = total.withdrawn + excluded.withdrawn,
            redemptions = total.redemptions + excluded.redemptions,
            refusals = total.refusals + excluded.refusals
    ), by_day AS (
        INSERT INTO program_budgets_daytotal AS total
            (program_id, on_date, unit, granted, redeemed, refunded, lapsed, withdrawn, redemptions,
             refusals)
        SELECT program_id, on_date, unit, sum(granted), sum(redeemed), sum(refunded), sum(lapsed),
               sum(withdrawn), sum(redemptions), sum(refusals)
            FROM taken WHERE program_id IS NOT NULL AND on_date IS NOT NULL
            GROUP BY program_id, on_date, unit ORDER BY program_id, on_date, unit
        ON CONFLICT (program_id, on_date, unit) DO UPDATE SET
            granted = total.granted + excluded.granted,
            redeemed = total.redeemed + excluded.redeemed,
            refunded = total.refunded + excluded.refunded, lapsed = total.lapsed + excluded.lapsed,
            withdrawn = total.withdrawn + excluded.withdrawn,
            redemptions = total.redemptions + excluded.redemptions,
            refusals = total.refusals + excluded.refusals
    ), touched AS MATERIALIZED (
        SELECT DISTINCT limit_id FROM taken CROSS JOIN LATERAL unnest(limits) limit_id
    ), stands AS (
        INSERT INTO program_budgets_standing AS known (limit_id, program_id, account_id, used_permille)
        SELECT budget.id, budget.program_id, member.account_id, standing.used_permille
            FROM program_budgets_standing_of(ARRAY(SELECT limit_id FROM touched), p_at) standing
            JOIN program_budgets_limit budget ON budget.id = standing.limit_id
            JOIN program_budgets_member member ON member.id = budget.member_id
            WHERE member.is_active
            ORDER BY budget.id
        ON CONFLICT (limit_id) DO UPDATE SET
            account_id = excluded.account_id, used_permille = excluded.used_permille
    ), left_alone AS (
        DELETE FROM program_budgets_standing known
            USING touched, program_budgets_limit budget, program_budgets_member member
            WHERE known.limit_id = touched.limit_id AND budget.id = touched.limit_id
              AND member.id = budget.member_id AND NOT member.is_active
    ), counted AS (
        INSERT INTO program_budgets_figurefold AS fold (id, folded)
        SELECT 1, count(*) FROM taken HAVING count(*) > 0
        ON CONFLICT (id) DO UPDATE SET folded = fold.folded + excluded.folded
    )
    SELECT count(*) FROM taken
$$;

-- All figures anew, as changes from nothing: of one program, or of all (null). Reads the journal.
CREATE FUNCTION program_budgets_figures_from_ledger(p_program bigint) RETURNS TABLE (
    program_id bigint, cycle_id bigint, account_id bigint, unit varchar, on_date date,
    remaining bigint, held bigint, members bigint, spenders bigint, overspent bigint,
    granted bigint, redeemed bigint, refunded bigint, lapsed bigint, withdrawn bigint,
    redemptions bigint, refusals bigint, limits bigint[]
)
LANGUAGE sql STABLE AS $$
    SELECT budget.program_id, NULL::bigint, member.account_id, budget.unit, NULL::date,
           sum(free)::bigint, 0::bigint, 0::bigint, count(*) FILTER (WHERE budget.spent > 0),
           sum(greatest(-free, 0))::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
           0::bigint, 0::bigint, array_agg(budget.id)
        FROM program_budgets_limit budget
        JOIN program_budgets_member member ON member.id = budget.member_id
        CROSS JOIN LATERAL (SELECT budget.ceiling - budget.held - budget.spent AS free) figures
        WHERE budget.kind = 'member' AND (p_program IS NULL OR budget.program_id = p_program)
        GROUP BY 1, 3, 4
    UNION ALL
    SELECT program.id, NULL, member.account_id, program.currency, NULL, 0, 0, count(*), 0, 0, 0, 0,
           0, 0, 0, 0, 0, '{}'
        FROM program_budgets_member member
        JOIN program_budgets_program program ON program.id = member.program_id
        WHERE member.is_active AND (p_program IS NULL OR program.id = p_program)
        GROUP BY 1, 3
    UNION ALL
    SELECT posting.program_id, posting.cycle_id, posting.account_id, lot.unit,
           (posting.at AT TIME ZONE program.time_zone)::date, 0,
           coalesce(sum(entry.amount) FILTER (WHERE bucket = 'held'), 0)::bigint, 0, 0, 0,
           -coalesce(sum(entry.amount) FILTER (WHERE bucket IN ('funding', 'moved')), 0)::bigint,
           coalesce(sum(entry.amount) FILTER (WHERE bucket = 'spent' AND kind = 'capture'), 0)::bigint,
           -coalesce(sum(entry.amount) FILTER (WHERE bucket = 'spent' AND kind <> 'capture'), 0)::bigint,
           coalesce(sum(entry.amount) FILTER (WHERE bucket = 'lapsed'), 0)::bigint,
           coalesce(sum(entry.amount) FILTER (WHERE bucket = 'withdrawn'), 0)::bigint,
           count(DISTINCT posting.id) FILTER (WHERE kind = 'capture'), 0, '{}'
        FROM program_budgets_entry entry
        JOIN program_budgets_posting posting ON posting.id = entry.posting_id
        JOIN program_budgets_program program ON program.id = posting.program_id
        JOIN program_budgets_lot lot ON lot.id = entry.lot_id
        WHERE p_program IS NULL OR program.id = p_program
        GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT program.id, refused.cycle_id, refused.account_id,
           coalesce(nullif(refused.unit, ''), program.currency),
           (refused.at AT TIME ZONE program.time_zone)::date, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
           count(*), '{}'
        FROM program_budgets_refused refused
        JOIN program_budgets_program program ON program.id = refused.program_id
        WHERE p_program IS NULL OR program.id = p_program
        GROUP BY 1, 2, 3, 4, 5
$$;

-- Count anew, and fold. Whoever changes a figure meanwhile waits, and comes after it.
CREATE FUNCTION program_budgets_recount_figures(p_program bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_forgotten bigint;
BEGIN
    LOCK TABLE program_budgets_figurechange IN EXCLUSIVE MODE;
    DELETE FROM program_budgets_accounttotal WHERE p_program IS NULL OR program_id = p_program;
    DELETE FROM program_budgets_cycletotal WHERE p_program IS NULL OR program_id = p_program;
    DELETE FROM program_budgets_accountday WHERE p_program IS NULL OR program_id = p_program;
    DELETE FROM program_budgets_accountweek WHERE p_program IS NULL OR program_id = p_program;
    DELETE FROM program_budgets_daytotal WHERE p_program IS NULL OR program_id = p_program;
    DELETE FROM program_budgets_standing WHERE p_program IS NULL OR program_id = p_program;
    DELETE FROM program_budgets_figurechange WHERE p_program IS NULL OR program_id = p_program;
    GET DIAGNOSTICS v_forgotten = ROW_COUNT;
    INSERT INTO program_budgets_figurefold AS fold (id, folded) VALUES (1, v_forgotten)
        ON CONFLICT (id) DO UPDATE SET folded = fold.folded + excluded.folded;
    INSERT INTO program_budgets_figurechange
        (program_id, cycle_id, account_id, unit, on_date, remaining, held, members, spenders,
         overspent, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals, limits)
    SELECT * FROM program_budgets_figures_from_ledger(p_program);
    PERFORM program_budgets_fold_figures(2147483647, now());
END
$$;

-- Changes come and go: their place is wanted again soon.
ALTER TABLE program_budgets_figurechange
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
         autovacuum_vacuum_insert_scale_factor = 0, autovacuum_analyze_scale_factor = 10);
ALTER TABLE program_budgets_accounttotal SET (fillfactor = 80);
ALTER TABLE program_budgets_cycletotal SET (fillfactor = 80);

-- What was refused before, in the cycle of then and by the account that its member is under now; and
-- all figures, once.
ALTER TABLE program_budgets_refused DISABLE TRIGGER program_budgets_append_only;
UPDATE program_budgets_refused refused SET
    account_id = (SELECT account_id FROM program_budgets_member WHERE id = refused.member_id),
    cycle_id = (SELECT max(id) FROM program_budgets_cycle cycle
                    WHERE cycle.program_id = refused.program_id
                      AND cycle.starts_at <= refused.at AND cycle.ends_at > refused.at);
ALTER TABLE program_budgets_refused ENABLE TRIGGER program_budgets_append_only;
SELECT program_budgets_recount_figures(NULL);
