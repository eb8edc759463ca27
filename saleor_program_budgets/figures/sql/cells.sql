-- What there is and what happened, by program and unit: of each account directly below the one that
-- is asked for (null: of each root) with all below it, and of that one by itself (null: of none).
-- Totals and the changes that wait to be folded are read in one snapshot.
--
-- Weeks begin on Mondays. Without a day from which it burns, a program burns since its cycle began.
WITH RECURSIVE chosen (program_id, cycle_id, burns_from) AS MATERIALIZED (
    SELECT * FROM unnest(%(programs)s::bigint[], %(cycles)s::bigint[], %(burns_from)s::date[])
), branch (top_id, id) AS (
    SELECT id, id FROM program_budgets_account
        WHERE parent_id IS NOT DISTINCT FROM %(account)s::bigint
    UNION ALL
    SELECT branch.top_id, child.id
        FROM branch JOIN program_budgets_account child ON child.parent_id = branch.id
), place AS MATERIALIZED (
    -- Grouped, though each is there once: so the planner knows that, and hashes them.
    SELECT id, min(top_id) AS top_id
        FROM (SELECT * FROM branch
              UNION ALL SELECT %(account)s::bigint, coalesce(%(account)s::bigint, 0)) each
        GROUP BY id
), figure (top_id, program_id, unit, remaining, held, members, spenders, overspent, redeemed_in_cycle,
           burned, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals) AS (
    SELECT top_id, program_id, unit, sum(remaining)::bigint, sum(held)::bigint, sum(members)::bigint,
           sum(spenders)::bigint, sum(overspent)::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
           0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
        FROM program_budgets_accounttotal total
        JOIN chosen USING (program_id)
        JOIN place ON place.id = coalesce(total.account_id, 0)
        GROUP BY top_id, program_id, unit
    UNION ALL
    SELECT top_id, program_id, unit, 0, 0, 0, 0, 0, sum(redeemed - refunded)::bigint,
           coalesce(sum(redeemed - refunded) FILTER (WHERE burns_from IS NULL), 0)::bigint,
           %(of_cycle)s * sum(granted)::bigint, %(of_cycle)s * sum(redeemed)::bigint,
           %(of_cycle)s * sum(refunded)::bigint, %(of_cycle)s * sum(lapsed)::bigint,
           %(of_cycle)s * sum(withdrawn)::bigint, %(of_cycle)s * sum(redemptions)::bigint,
           %(of_cycle)s * sum(refusals)::bigint
        FROM program_budgets_cycletotal total
        JOIN chosen USING (program_id, cycle_id)
        JOIN place ON place.id = coalesce(total.account_id, 0)
        GROUP BY top_id, program_id, unit
    UNION ALL
    SELECT top_id, program_id, unit, 0, 0, 0, 0, 0, 0, sum(redeemed - refunded)::bigint, 0, 0, 0, 0, 0,
           0, 0
        FROM program_budgets_accountweek week
        JOIN chosen USING (program_id)
        JOIN place ON place.id = coalesce(week.account_id, 0)
        WHERE week_of >= burns_from AND week_of >= %(earliest)s::date
        GROUP BY top_id, program_id, unit
    UNION ALL
    SELECT top_id, program_id, unit, 0, 0, 0, 0, 0, 0, 0, sum(granted)::bigint, sum(redeemed)::bigint,
           sum(refunded)::bigint, sum(lapsed)::bigint, sum(withdrawn)::bigint,
           sum(redemptions)::bigint, sum(refusals)::bigint
        FROM program_budgets_accountweek week
        JOIN chosen USING (program_id)
        JOIN place ON place.id = coalesce(week.account_id, 0)
        WHERE week_of BETWEEN %(first_week)s::date AND %(last_week)s::date
        GROUP BY top_id, program_id, unit
    UNION ALL
    -- The days of a period that don't make up a week.
    SELECT top_id, program_id, unit, 0, 0, 0, 0, 0, 0, 0, sum(granted)::bigint, sum(redeemed)::bigint,
           sum(refunded)::bigint, sum(lapsed)::bigint, sum(withdrawn)::bigint,
           sum(redemptions)::bigint, sum(refusals)::bigint
        FROM program_budgets_accountday day
        JOIN chosen USING (program_id)
        JOIN place ON place.id = coalesce(day.account_id, 0)
        WHERE on_date = ANY (%(single_days)s::date[])
        GROUP BY top_id, program_id, unit
    UNION ALL
    SELECT top_id, program_id, unit, sum(remaining)::bigint, sum(held)::bigint, sum(members)::bigint,
           sum(spenders)::bigint, sum(overspent)::bigint,
           sum(in_cycle * (redeemed - refunded))::bigint, sum(burns * (redeemed - refunded))::bigint,
           sum(shown * granted)::bigint, sum(shown * redeemed)::bigint,
           sum(shown * refunded)::bigint, sum(shown * lapsed)::bigint,
           sum(shown * withdrawn)::bigint, sum(shown * redemptions)::bigint,
           sum(shown * refusals)::bigint
        FROM program_budgets_figurechange change
        JOIN chosen USING (program_id)
        JOIN place ON place.id = coalesce(change.account_id, 0)
        CROSS JOIN LATERAL (
            SELECT (change.cycle_id IS NOT DISTINCT FROM chosen.cycle_id)::int AS in_cycle
        ) this
        CROSS JOIN LATERAL (
            SELECT CASE WHEN burns_from IS NULL THEN in_cycle
                       ELSE coalesce(on_date >= burns_from, false)::int END AS burns,
                   CASE %(of_cycle)s WHEN 1 THEN in_cycle
                       ELSE coalesce(on_date BETWEEN %(since)s::date AND %(until)s::date, false)::int
                       END AS shown
        ) period
        GROUP BY top_id, program_id, unit
    UNION ALL
    -- What has lapsed remains to nobody, whether or not the job has come.
    SELECT top_id, budget.program_id, budget.unit,
           -sum(lot.amount - lot.held - lot.spent - lot.lapsed - lot.withdrawn - lot.moved)::bigint,
           0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM program_budgets_lot lot
        JOIN program_budgets_limit budget ON budget.id = lot.limit_id
        JOIN program_budgets_member member ON member.id = budget.member_id
        JOIN chosen ON chosen.program_id = budget.program_id
        JOIN place ON place.id = member.account_id
        WHERE lot.has_left AND lot.expires_at <= %(at)s
        GROUP BY top_id, budget.program_id, budget.unit
)
SELECT top_id, program_id, unit, sum(remaining)::bigint, sum(held)::bigint,
       sum(members)::bigint, sum(spenders)::bigint, sum(overspent)::bigint,
       sum(redeemed_in_cycle)::bigint, sum(burned)::bigint, sum(granted)::bigint,
       sum(redeemed)::bigint, sum(refunded)::bigint, sum(lapsed)::bigint, sum(withdrawn)::bigint,
       sum(redemptions)::bigint, sum(refusals)::bigint
    FROM figure
    GROUP BY top_id, program_id, unit
    ORDER BY top_id, program_id, unit
