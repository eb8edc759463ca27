-- A hold's figures are the sums of its postings, and the sums of what it pinned of each lot.
SELECT 'hold ' || hold.id,
       (coalesce(posted.amount, 0), coalesce(posted.captured, 0), coalesce(posted.released, 0),
        coalesce(posted.refunded, 0))::text
           || ' and ' ||
           (pinned.amount, pinned.captured, pinned.released, pinned.refunded)::text,
       (hold.amount, hold.captured, hold.released, hold.refunded)::text
    FROM program_budgets_hold hold
    LEFT JOIN (
        SELECT hold_id,
               sum(amount) FILTER (WHERE kind = 'hold') AS amount,
               sum(amount) FILTER (WHERE kind = 'capture') AS captured,
               sum(amount) FILTER (WHERE kind IN ('release', 'expire')) AS released,
               sum(amount) FILTER (WHERE kind = 'refund') AS refunded
            FROM program_budgets_posting WHERE hold_id IS NOT NULL GROUP BY hold_id
    ) posted ON posted.hold_id = hold.id
    LEFT JOIN (
        SELECT hold_id, sum(amount) AS amount, sum(captured) AS captured,
               sum(released) AS released, sum(refunded) AS refunded
            FROM program_budgets_holdlot GROUP BY hold_id
    ) pinned ON pinned.hold_id = hold.id
    WHERE (coalesce(posted.amount, 0), coalesce(posted.captured, 0), coalesce(posted.released, 0),
           coalesce(posted.refunded, 0))
          IS DISTINCT FROM
          (hold.amount::numeric, hold.captured::numeric, hold.released::numeric, hold.refunded::numeric)
       OR (pinned.amount, pinned.captured, pinned.released, pinned.refunded)
          IS DISTINCT FROM
          (hold.amount::numeric, hold.captured::numeric, hold.released::numeric, hold.refunded::numeric)
