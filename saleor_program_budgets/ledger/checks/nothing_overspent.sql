-- Nothing is used beyond its ceiling, save what a lowered ceiling left behind; of a cap, neither in
-- a share nor in the whole. Said here without relying on the database's own constraints.
SELECT 'limit ' || id, 'at most ' || (ceiling + overhang) || ' ' || unit, (held + spent)::text
    FROM program_budgets_limit
    WHERE held + spent > ceiling + overhang OR least(held, spent, overhang) < 0
UNION ALL
SELECT 'limit ' || id, 'a ceiling of lots, without overhang', ceiling || ' and ' || overhang
    FROM program_budgets_limit
    WHERE kind = 'member' AND (ceiling < 0 OR overhang <> 0)
UNION ALL
SELECT 'cap ' || cap.id, 'a ceiling that is not negative', cap.ceiling::text
    FROM program_budgets_cap cap
    WHERE cap.ceiling < 0
UNION ALL
SELECT 'cap ' || cap.id, 'nothing free beside an overhang of ' || cap.overhang,
       'new purchases in share ' || share.share
    FROM program_budgets_cap cap
    JOIN program_budgets_limit share ON share.cap_id = cap.id
    WHERE cap.overhang > 0 AND share.takes_new AND share.ceiling > share.held + share.spent
UNION ALL
SELECT 'lot ' || id, 'at most ' || amount,
       (held, spent, lapsed, withdrawn, moved)::text
    FROM program_budgets_lot
    WHERE held + spent + lapsed + withdrawn + moved > amount
       OR least(held, spent, lapsed, withdrawn, moved) < 0
UNION ALL
SELECT 'hold ' || id, 'settled once, and refunded within captures',
       (amount, captured, released, refunded, items, items_captured, items_released,
        items_refunded)::text
    FROM program_budgets_hold
    WHERE captured + released > amount OR refunded > captured
       OR items_captured + items_released > items OR items_refunded > items_captured
       OR least(released, refunded, items_released, items_refunded) < 0
