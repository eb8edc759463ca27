-- What happened on each day: of whole programs, or under an account and all below it. Of an account
-- that has most of the others below it, it is what happened in all but under the few others.
WITH RECURSIVE branch (id) AS (
    SELECT %(account)s::bigint WHERE %(account)s::bigint IS NOT NULL
    UNION ALL
    SELECT child.id FROM branch JOIN program_budgets_account child ON child.parent_id = branch.id
), size AS MATERIALIZED (
    SELECT 2 * (SELECT count(*) FROM branch) > (SELECT count(*) FROM program_budgets_account) AS is_most
        WHERE %(account)s::bigint IS NOT NULL
), counted (account_id, sign) AS (
    SELECT id, 1 FROM branch WHERE NOT (SELECT is_most FROM size)
    UNION ALL
    SELECT id, -1 FROM program_budgets_account
        WHERE (SELECT is_most FROM size) AND id NOT IN (SELECT id FROM branch)
), figure AS (
    SELECT on_date, unit, 1 AS sign, granted, redeemed, refunded, lapsed, withdrawn, redemptions,
           refusals
        FROM program_budgets_daytotal
        WHERE (%(account)s::bigint IS NULL OR (SELECT is_most FROM size))
          AND program_id = ANY (%(programs)s) AND on_date BETWEEN %(since)s AND %(until)s
    UNION ALL
    SELECT on_date, unit, sign, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals
        FROM counted
        CROSS JOIN LATERAL (
            SELECT * FROM program_budgets_accountday day
                WHERE day.account_id = counted.account_id AND program_id = ANY (%(programs)s)
                  AND on_date BETWEEN %(since)s AND %(until)s
                OFFSET 0  -- by the index, account by account
        ) day
    UNION ALL
    SELECT on_date, unit, -1, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals
        FROM program_budgets_accountday
        WHERE (SELECT is_most FROM size) AND account_id IS NULL AND program_id = ANY (%(programs)s)
          AND on_date BETWEEN %(since)s AND %(until)s
    UNION ALL
    SELECT on_date, unit, 1, granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals
        FROM program_budgets_figurechange
        WHERE (%(account)s::bigint IS NULL OR account_id IN (SELECT id FROM branch))
          AND program_id = ANY (%(programs)s) AND on_date BETWEEN %(since)s AND %(until)s
), day AS (
    SELECT on_date, unit, sum(sign * granted)::bigint AS granted,
           sum(sign * redeemed)::bigint AS redeemed, sum(sign * refunded)::bigint AS refunded,
           sum(sign * lapsed)::bigint AS lapsed, sum(sign * withdrawn)::bigint AS withdrawn,
           sum(sign * redemptions)::bigint AS redemptions, sum(sign * refusals)::bigint AS refusals
        FROM figure GROUP BY on_date, unit
)
SELECT * FROM day
    WHERE (granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals)
          <> (0, 0, 0, 0, 0, 0, 0)
    ORDER BY on_date, unit
