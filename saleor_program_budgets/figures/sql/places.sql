-- The account that is asked for and those directly below it (null: the roots), each with the caps
-- that stand on it for the programs shown, or for all programs.
SELECT account.id, account.parent_id, account.name, account.kind, EXISTS (
           SELECT FROM program_budgets_account child WHERE child.parent_id = account.id),
       cap.id, cap.program_id, cap.unit, cap.ceiling, cap.held, cap.spent, cap.overhang, cap.raised,
       cap.raise_ends_at, cap.overspent
    FROM program_budgets_account account
    LEFT JOIN LATERAL (
        SELECT whole.*, (
                   SELECT sum(greatest(share.held + share.spent - share.ceiling - share.overhang, 0))
                       FROM program_budgets_limit share WHERE share.cap_id = whole.id
               )::bigint AS overspent
            FROM program_budgets_caps_at(%(at)s) whole
            WHERE whole.account_id = account.id AND whole.is_open
              AND (whole.program_id IS NULL OR whole.cycle_id = ANY (%(cycles)s))
    ) cap ON true
    WHERE account.id = %(account)s::bigint OR account.parent_id = %(account)s::bigint
       OR %(account)s::bigint IS NULL AND account.parent_id IS NULL
    ORDER BY account.name, account.id, cap.id
