-- Every entry starts from where the one before it, in the same bucket, ended. A line is one bucket
-- of a lot, or of a cap, as one number: sorting by numbers takes half the time. No two buckets
-- begin with the same letter.
SELECT 'entry ' || id, expected::text, balance_before || ' ' || amount || ' ' || balance_after
    FROM (
        SELECT id, amount, balance_before, balance_after,
               coalesce(lag(balance_after) OVER (
                   PARTITION BY coalesce(lot_id, -limit_id) * 128 + ascii(bucket)
                   ORDER BY id), 0) AS expected
            FROM program_budgets_entry
    ) chained
    WHERE balance_before <> expected OR balance_after <> balance_before + amount
