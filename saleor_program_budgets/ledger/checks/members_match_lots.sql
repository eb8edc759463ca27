-- A member's limit is the sum of their lots, which are in its unit.
SELECT 'limit ' || budget.id,
       (coalesce(sums.ceiling, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0))::text,
       (budget.ceiling, budget.held, budget.spent)::text
    FROM program_budgets_limit budget
    LEFT JOIN (
        SELECT limit_id, sum(amount - lapsed - withdrawn - moved) AS ceiling, sum(held) AS held, sum(spent) AS spent
            FROM program_budgets_lot GROUP BY limit_id
    ) sums ON sums.limit_id = budget.id
    WHERE budget.kind = 'member'
      AND (coalesce(sums.ceiling, 0), coalesce(sums.held, 0), coalesce(sums.spent, 0))
          IS DISTINCT FROM (budget.ceiling::numeric, budget.held::numeric, budget.spent::numeric)
