-- The latest holds that became or may become purchases, and the latest refusals, newest first: a
-- page from (at, reference) on.
WITH RECURSIVE branch (id) AS (
    SELECT %(account)s::bigint WHERE %(account)s::bigint IS NOT NULL
    UNION ALL
    SELECT child.id FROM branch JOIN program_budgets_account child ON child.parent_id = branch.id
), found AS (
    SELECT * FROM unnest(%(programs)s::bigint[]) asked (program)
        CROSS JOIN LATERAL (
            SELECT 'H' || id AS reference, created_at AS at, program_id, member_id, account_id, unit,
                   amount, items, captured, refunded, items_captured, checkout_id, order_id,
                   NULL AS code, NULL::bigint AS available
                FROM program_budgets_hold
                WHERE program_id = program AND created_at <= %(before_at)s
                  AND (created_at, 'H' || id) < (%(before_at)s, %(before)s)
                  AND (amount > released OR items > items_released)
                  AND (%(account)s::bigint IS NULL OR account_id IN (SELECT id FROM branch))
                ORDER BY created_at DESC, 'H' || id DESC LIMIT %(size)s
        ) hold
    UNION ALL
    SELECT * FROM unnest(%(programs)s::bigint[]) asked (program)
        CROSS JOIN LATERAL (
            SELECT 'R' || lpad(id::text, 19, '0') AS reference, at, program_id, member_id, account_id,
                   unit, requested, 0, 0, 0, 0, checkout_id, order_id, code, available
                FROM program_budgets_refused
                WHERE program_id = program AND at <= %(before_at)s
                  AND (at, 'R' || lpad(id::text, 19, '0')) < (%(before_at)s, %(before)s)
                  AND (%(account)s::bigint IS NULL OR account_id IN (SELECT id FROM branch))
                ORDER BY at DESC, 'R' || lpad(id::text, 19, '0') DESC LIMIT %(size)s
        ) refused
)
SELECT found.reference, found.at, found.program_id, found.member_id, shopper.email,
       shopper.first_name, shopper.last_name, found.account_id, account.name AS account_name,
       coalesce(nullif(found.unit, ''), program.currency) AS unit, found.amount, found.items,
       found.captured, found.refunded, found.items_captured, found.checkout_id, found.order_id,
       found.code, found.available
    FROM (SELECT * FROM found ORDER BY at DESC, reference DESC LIMIT %(size)s) found
    JOIN program_budgets_program program ON program.id = found.program_id
    LEFT JOIN program_budgets_member member ON member.id = found.member_id
    LEFT JOIN {user} shopper ON shopper.id = member.user_id
    LEFT JOIN program_budgets_account account ON account.id = found.account_id
    ORDER BY found.at DESC, found.reference DESC
