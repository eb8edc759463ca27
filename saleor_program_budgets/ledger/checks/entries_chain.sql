-- Every entry starts from where the one before it, in the same bucket, ended.
SELECT 'entry ' || id, expected::text, balance_before || ' ' || amount || ' ' || balance_after
    FROM (
        SELECT id, amount, balance_before, balance_after,
               coalesce(lag(balance_after) OVER (
                   PARTITION BY limit_id, lot_id, bucket ORDER BY id), 0) AS expected
            FROM program_budgets_entry
    ) chained
    WHERE balance_before <> expected OR balance_after <> balance_before + amount
