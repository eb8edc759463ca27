-- What a cap has held is what the holds taken under it have left.
SELECT 'limit ' || cap.id, coalesce(sums.remaining, 0)::text, cap.held::text
    FROM program_budgets_limit cap
    LEFT JOIN (
        SELECT hold_limit.limit_id, sum(hold.amount - hold.captured - hold.released) AS remaining
            FROM program_budgets_holdlimit hold_limit
            JOIN program_budgets_hold hold ON hold.id = hold_limit.hold_id
            GROUP BY hold_limit.limit_id
    ) sums ON sums.limit_id = cap.id
    WHERE cap.kind = 'cap' AND coalesce(sums.remaining, 0) <> cap.held
