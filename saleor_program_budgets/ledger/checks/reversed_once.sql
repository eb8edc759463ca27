-- A posting is reversed at most once.
SELECT 'posting ' || reverses_id, 'one reversal', count(*)::text
    FROM program_budgets_posting
    WHERE reverses_id IS NOT NULL
    GROUP BY reverses_id HAVING count(*) > 1
