-- Nothing is used beyond its ceiling, save what a lowered ceiling left behind; of a cap, neither in
-- a share nor in the whole.
SELECT 'limit ' || id, 'at most ' || (ceiling + overhang) || ' ' || unit, (held + spent)::text
    FROM program_budgets_limit
    WHERE held + spent > ceiling + overhang OR least(held, spent, overhang) < 0
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
