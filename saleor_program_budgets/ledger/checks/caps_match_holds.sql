-- What a cap's share has held and spent is what the holds taken under it have left and captured. A
-- closed cap isn't restored by refunds, so it may have spent more.
SELECT 'limit ' || share.id,
       (coalesce(sums.remaining, 0), coalesce(sums.spent, 0))::text,
       (share.held, share.spent)::text
    FROM program_budgets_limit share
    LEFT JOIN (
        SELECT counted.share_id,
               sum(CASE budget.unit WHEN 'ITEM'
                       THEN hold.items - hold.items_captured - hold.items_released
                       ELSE hold.amount - hold.captured - hold.released END) AS remaining,
               sum(CASE budget.unit WHEN 'ITEM' THEN hold.items_captured - hold.items_refunded
                       ELSE hold.captured - hold.refunded END) AS spent
            FROM program_budgets_hold hold
            CROSS JOIN LATERAL unnest(hold.shares) counted (share_id)
            JOIN program_budgets_limit budget ON budget.id = counted.share_id
            GROUP BY counted.share_id
    ) sums ON sums.share_id = share.id
    WHERE share.kind = 'cap'
      AND (coalesce(sums.remaining, 0) <> share.held
           OR CASE WHEN share.is_open THEN coalesce(sums.spent, 0) <> share.spent
                   ELSE coalesce(sums.spent, 0) > share.spent END)
