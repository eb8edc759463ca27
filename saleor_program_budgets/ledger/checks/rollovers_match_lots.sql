-- What the end of a period carried is what its carried lots were given, within its limit. A lot is
-- carried once, within one budget, and one that was carried isn't carried again.
SELECT CASE WHEN rollover.id IS NULL
                THEN 'limit ' || sums.limit_id || ' at ' || coalesce(sums.expires_at::text, 'no end')
            ELSE 'rollover ' || rollover.id END,
       least(coalesce(sums.carried, 0), rollover.carry_limit)::text,
       coalesce(rollover.carried::text, 'no rollover')
    FROM program_budgets_rollover rollover
    FULL JOIN (
        SELECT source.limit_id, source.expires_at, sum(lot.amount) AS carried
            FROM program_budgets_lot lot
            JOIN program_budgets_lot source ON source.id = lot.source_id
            WHERE lot.origin = 'carry'
            GROUP BY source.limit_id, source.expires_at
    ) sums ON sums.limit_id = rollover.limit_id AND sums.expires_at = rollover.ends_at
    WHERE coalesce(sums.carried, 0) IS DISTINCT FROM rollover.carried::numeric
       OR rollover.carried > rollover.carry_limit
UNION ALL
SELECT 'lot ' || source_id, 'carried once', 'carried ' || count(*) || ' times'
    FROM program_budgets_lot WHERE origin = 'carry' AND source_id IS NOT NULL
    GROUP BY source_id HAVING count(*) > 1
UNION ALL
SELECT 'lot ' || lot.id, 'a lot of limit ' || lot.limit_id || ' that was granted',
       coalesce('a lot of limit ' || source.limit_id || ': ' || source.origin, 'none')
    FROM program_budgets_lot lot
    LEFT JOIN program_budgets_lot source ON source.id = lot.source_id
    WHERE lot.origin = 'carry'
      AND (source.id IS NULL OR source.limit_id <> lot.limit_id OR source.origin = 'carry')
