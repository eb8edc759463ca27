-- The entries of a posting net to zero, and there are some unless it moved nothing (a cap of 0.00).
SELECT 'posting ' || posting.id, 'entries that net to zero',
       coalesce(sum(entry.amount)::text, 'no entries')
    FROM program_budgets_posting posting
    LEFT JOIN program_budgets_entry entry ON entry.posting_id = posting.id
    WHERE posting.amount <> 0 OR posting.items <> 0
    GROUP BY posting.id
    HAVING sum(entry.amount) IS DISTINCT FROM 0
