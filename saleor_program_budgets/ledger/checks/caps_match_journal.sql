-- A cap's ceiling, held and spent are the sums of its entries.
SELECT 'limit ' || cap.id,
       (coalesce(-sums.funding, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0))::text,
       (cap.ceiling, cap.held, cap.spent)::text
    FROM program_budgets_limit cap
    LEFT JOIN (
        SELECT limit_id,
               sum(amount) FILTER (WHERE bucket = 'funding') AS funding,
               sum(amount) FILTER (WHERE bucket = 'held') AS held,
               sum(amount) FILTER (WHERE bucket = 'spent') AS spent
            FROM program_budgets_entry WHERE lot_id IS NULL GROUP BY limit_id
    ) sums ON sums.limit_id = cap.id
    WHERE cap.kind = 'cap'
      AND (coalesce(-sums.funding, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0))
          IS DISTINCT FROM (cap.ceiling::numeric, cap.held::numeric, cap.spent::numeric)
