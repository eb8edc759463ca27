-- What postings and holds name, exists, and a lot is in its limit's unit. (That entries are of a
-- posting, a cap and a lot that exist, and postings of a hold, shows where they are summed.) Looked
-- up once for each combination.
SELECT source.subject,
       concat_ws(', ',
           CASE WHEN program.id IS NULL THEN 'program ' || source.program_id END,
           CASE WHEN cycle.id IS NULL THEN 'cycle ' || source.cycle_id END,
           CASE WHEN member.id IS NULL THEN 'member ' || source.member_id END,
           CASE WHEN account.id IS NULL THEN 'account ' || source.account_id END),
       'none'
    FROM (
        SELECT 'posting ' || min(id) AS subject, program_id, cycle_id, member_id, account_id
            FROM program_budgets_posting GROUP BY program_id, cycle_id, member_id, account_id
        UNION ALL
        SELECT 'hold ' || min(id::text), program_id, cycle_id, member_id, account_id
            FROM program_budgets_hold GROUP BY program_id, cycle_id, member_id, account_id
    ) source
    LEFT JOIN program_budgets_program program ON program.id = source.program_id
    LEFT JOIN program_budgets_cycle cycle ON cycle.id = source.cycle_id
    LEFT JOIN program_budgets_member member ON member.id = source.member_id
    LEFT JOIN program_budgets_account account ON account.id = source.account_id
    WHERE program.id IS NULL AND source.program_id IS NOT NULL
       OR cycle.id IS NULL AND source.cycle_id IS NOT NULL
       OR member.id IS NULL AND source.member_id IS NOT NULL
       OR account.id IS NULL AND source.account_id IS NOT NULL
UNION ALL
SELECT 'posting ' || posting.id, 'posting ' || posting.reverses_id, 'none'
    FROM program_budgets_posting posting
    LEFT JOIN program_budgets_posting reversed ON reversed.id = posting.reverses_id
    WHERE posting.reverses_id IS NOT NULL AND reversed.id IS NULL
UNION ALL
SELECT 'raise ' || raise.id, 'posting ' || raise.posting_id, 'none'
    FROM program_budgets_raise raise
    LEFT JOIN program_budgets_posting posting ON posting.id = raise.posting_id
    WHERE posting.id IS NULL
UNION ALL
SELECT 'hold ' || min(pin.hold_id::text), 'lot ' || pin.lot_id, 'none'
    FROM program_budgets_holdlot pin
    LEFT JOIN program_budgets_lot lot ON lot.id = pin.lot_id
    WHERE lot.id IS NULL
    GROUP BY pin.lot_id
UNION ALL
SELECT 'hold ' || min(counted.hold_id::text), 'limit ' || counted.share_id, 'none'
    FROM (
        SELECT hold.id AS hold_id, share_id
            FROM program_budgets_hold hold CROSS JOIN LATERAL unnest(hold.shares) share_id
    ) counted
    LEFT JOIN program_budgets_limit share ON share.id = counted.share_id
    WHERE share.id IS NULL
    GROUP BY counted.share_id
UNION ALL
SELECT 'lot ' || lot.id, budget.unit, lot.unit
    FROM program_budgets_lot lot
    JOIN program_budgets_limit budget ON budget.id = lot.limit_id
    WHERE lot.unit <> budget.unit
