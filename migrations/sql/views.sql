-- Hot rows change often: room in their pages lets a new version stay beside the old one.
ALTER TABLE program_budgets_limit SET (fillfactor = 50);
ALTER TABLE program_budgets_lot SET (fillfactor = 80);
ALTER TABLE program_budgets_hold SET (fillfactor = 80);

-- A cap as a whole: its shares summed up.
CREATE VIEW program_budgets_cap AS
    SELECT cap.id, cap.program_id, cap.cycle_id, cap.account_id, cap.unit, cap.is_open,
           cap.lock_rank, total.ceiling, total.held, total.spent,
           greatest(total.held + total.spent - total.ceiling, 0) AS overhang,
           coalesce(raised.amount, 0) AS raised, cap.raise_ends_at
        FROM program_budgets_limit cap
        CROSS JOIN LATERAL (
            SELECT sum(ceiling)::bigint AS ceiling, sum(held)::bigint AS held,
                   sum(spent)::bigint AS spent
                FROM program_budgets_limit share WHERE share.cap_id = cap.id
        ) total
        CROSS JOIN LATERAL (
            SELECT sum(amount)::bigint AS amount FROM program_budgets_raise
                WHERE cap_id = cap.id AND ended_at IS NULL
        ) raised
        WHERE cap.kind = 'cap' AND cap.share = 0;
