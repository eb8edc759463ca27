-- The entries of a posting net to zero, and there are some unless it moved nothing (a cap of 0.00);
-- none is of a posting that isn't there.
SELECT 'posting ' || coalesce(posting.id, sums.posting_id),
       CASE WHEN posting.id IS NULL THEN 'the posting of ' || sums.count || ' entries'
            ELSE 'entries that net to zero' END,
       CASE WHEN posting.id IS NULL THEN 'no such posting'
            ELSE coalesce(sums.amount::text, 'no entries') END
    FROM program_budgets_posting posting
    FULL JOIN (
        SELECT posting_id, sum(amount) AS amount, count(*) AS count
            FROM program_budgets_entry GROUP BY posting_id
    ) sums ON sums.posting_id = posting.id
    WHERE posting.id IS NULL
       OR sums.amount <> 0
       OR sums.amount IS NULL AND (posting.amount <> 0 OR posting.items <> 0)
