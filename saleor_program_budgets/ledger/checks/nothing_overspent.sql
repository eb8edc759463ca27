-- Nothing is used beyond its ceiling, save what a lowered ceiling left behind.
SELECT 'limit ' || id, 'at most ' || (ceiling + overhang) || ' ' || unit, (held + spent)::text
    FROM program_budgets_limit
    WHERE held + spent > ceiling + overhang OR least(held, spent, overhang) < 0
