-- A cap's ceiling, held and spent are the sums of its entries, and entries of no lot are a cap's.
SELECT 'limit ' || coalesce(cap.id, sums.limit_id),
       (coalesce(-sums.funding, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0))::text,
       CASE WHEN cap.id IS NULL THEN 'no such cap'
            ELSE (cap.ceiling, cap.held, cap.spent)::text END
    FROM (SELECT * FROM program_budgets_limit WHERE kind = 'cap') cap
    FULL JOIN (
        SELECT limit_id,
               sum(amount) FILTER (WHERE bucket = 'funding') AS funding,
               sum(amount) FILTER (WHERE bucket = 'held') AS held,
               sum(amount) FILTER (WHERE bucket = 'spent') AS spent
            FROM program_budgets_entry WHERE lot_id IS NULL GROUP BY limit_id
    ) sums ON sums.limit_id = cap.id
    WHERE cap.id IS NULL
       OR (coalesce(-sums.funding, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0))
          IS DISTINCT FROM (cap.ceiling::numeric, cap.held::numeric, cap.spent::numeric)
