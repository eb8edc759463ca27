-- The active members who have used most of what they have. Whose limits have changed since the last
-- fold are looked at anew; of very many such, the last ones.
WITH RECURSIVE branch (id) AS (
    SELECT %(account)s::bigint WHERE %(account)s::bigint IS NOT NULL
    UNION ALL
    SELECT child.id FROM branch JOIN program_budgets_account child ON child.parent_id = branch.id
), changed AS MATERIALIZED (
    SELECT DISTINCT limit_id
        FROM (
            SELECT limits FROM program_budgets_figurechange
                WHERE program_id = ANY (%(programs)s) AND limits <> '{{}}'
                ORDER BY id DESC LIMIT 500
        ) change
        CROSS JOIN LATERAL (SELECT unnest(limits[:500]) AS limit_id) each
), candidate AS (
    SELECT limit_id FROM changed
    UNION
    SELECT limit_id FROM unnest(%(programs)s::bigint[]) asked (program)
        CROSS JOIN LATERAL (
            SELECT limit_id FROM program_budgets_standing
                WHERE program_id = program AND used_permille > 0
                  AND (%(account)s::bigint IS NULL OR account_id IN (SELECT id FROM branch))
                  AND limit_id NOT IN (SELECT limit_id FROM changed)
                ORDER BY used_permille DESC, limit_id LIMIT %(size)s
        ) known
)
SELECT member.id AS member_id, member.program_id, shopper.email, shopper.first_name,
       shopper.last_name, account.id AS account_id, account.name AS account_name, budget.unit, stands.allocated, stands.held, stands.redeemed,
       stands.used_permille
    FROM program_budgets_standing_of(ARRAY(SELECT limit_id FROM candidate), %(at)s) stands
    JOIN program_budgets_limit budget ON budget.id = stands.limit_id
    JOIN program_budgets_member member ON member.id = budget.member_id
    JOIN program_budgets_account account ON account.id = member.account_id
    LEFT JOIN {user} shopper ON shopper.id = member.user_id
    WHERE member.is_active AND stands.used_permille > 0
      AND (%(account)s::bigint IS NULL OR account.id IN (SELECT id FROM branch))
    ORDER BY stands.used_permille DESC, budget.id LIMIT %(size)s
