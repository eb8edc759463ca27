-- A lot's figures are the sums of its entries, and these are all under the lot's own limit.
SELECT CASE WHEN lot.id IS NULL THEN 'lot ' || sums.lot_id || ' of limit ' || sums.limit_id
            ELSE 'lot ' || lot.id END,
       (coalesce(-sums.funding, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0),
        coalesce(sums.lapsed, 0), coalesce(sums.withdrawn, 0), coalesce(sums.moved, 0))::text,
       CASE WHEN lot.id IS NULL THEN 'no such lot'
            ELSE (lot.amount, lot.held, lot.spent, lot.lapsed, lot.withdrawn, lot.moved)::text END
    FROM program_budgets_lot lot
    FULL JOIN (
        SELECT lot_id, limit_id,
               sum(amount) FILTER (WHERE bucket = 'funding') AS funding,
               sum(amount) FILTER (WHERE bucket = 'held') AS held,
               sum(amount) FILTER (WHERE bucket = 'spent') AS spent,
               sum(amount) FILTER (WHERE bucket = 'lapsed') AS lapsed,
               sum(amount) FILTER (WHERE bucket = 'withdrawn') AS withdrawn,
               sum(amount) FILTER (WHERE bucket = 'moved') AS moved
            FROM program_budgets_entry WHERE lot_id IS NOT NULL GROUP BY lot_id, limit_id
    ) sums ON sums.lot_id = lot.id AND sums.limit_id = lot.limit_id
    WHERE lot.id IS NULL
       OR (coalesce(-sums.funding, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0),
           coalesce(sums.lapsed, 0), coalesce(sums.withdrawn, 0), coalesce(sums.moved, 0))
          IS DISTINCT FROM
          (lot.amount::numeric, lot.held::numeric, lot.spent::numeric, lot.lapsed::numeric,
           lot.withdrawn::numeric, lot.moved::numeric)
