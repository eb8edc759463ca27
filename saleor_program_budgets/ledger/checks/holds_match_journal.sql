-- A hold's figures are the sums of its postings, and the sums of what it pinned of each lot; a pin's
-- are the sums of its entries. No posting and no pin is of a hold that isn't there.
SELECT 'hold ' || coalesce(hold.id, truth.hold_id),
       (truth.amount, truth.captured, truth.released, truth.refunded, truth.items,
        truth.items_captured, truth.items_released, truth.items_refunded)::text,
       CASE WHEN hold.id IS NULL THEN 'no such hold'
            ELSE (hold.amount, hold.captured, hold.released, hold.refunded, hold.items,
                  hold.items_captured, hold.items_released, hold.items_refunded)::text END
    FROM program_budgets_hold hold
    FULL JOIN program_budgets_hold_from_journal truth ON truth.hold_id = hold.id
    WHERE (truth.amount, truth.captured, truth.released, truth.refunded, truth.items,
           truth.items_captured, truth.items_released, truth.items_refunded) IS DISTINCT FROM
          (hold.amount, hold.captured, hold.released, hold.refunded, hold.items,
           hold.items_captured, hold.items_released, hold.items_refunded)
UNION ALL
SELECT 'hold ' || hold_id || ' of lot ' || lot_id,
       (truth.amount, truth.captured, truth.released, truth.refunded)::text,
       (pin.amount, pin.captured, pin.released, pin.refunded)::text
    FROM program_budgets_holdlot pin
    FULL JOIN program_budgets_pin_from_journal truth USING (hold_id, lot_id)
    WHERE (truth.amount, truth.captured, truth.released, truth.refunded) IS DISTINCT FROM
          (pin.amount, pin.captured, pin.released, pin.refunded)
UNION ALL
SELECT 'hold ' || hold.id, 'lots that carry ' || (hold.amount + hold.items),
       'lots that carry ' || coalesce(pinned.amount, 0)
    FROM program_budgets_hold hold
    LEFT JOIN (
        SELECT hold_id, sum(amount) AS amount FROM program_budgets_holdlot GROUP BY hold_id
    ) pinned ON pinned.hold_id = hold.id
    WHERE coalesce(pinned.amount, 0) <> hold.amount + hold.items
