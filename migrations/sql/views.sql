-- Caps as a whole, their shares summed up, as they stand at an instant: a temporary raise that is over
-- counts no more, whether or not its end was recorded.
CREATE FUNCTION program_budgets_caps_at(p_at timestamptz) RETURNS TABLE (
    id bigint, program_id bigint, cycle_id bigint, account_id bigint, unit text, is_open boolean,
    lock_rank int, ceiling bigint, held bigint, spent bigint, overhang bigint, raised bigint,
    raise_ends_at timestamptz
)
LANGUAGE sql STABLE AS $$
    SELECT cap.id, cap.program_id, cap.cycle_id, cap.account_id, cap.unit, cap.is_open,
           cap.lock_rank, now.ceiling, total.held, total.spent,
           greatest(total.held + total.spent - now.ceiling, 0), raises.under_way, raises.next_end
        FROM program_budgets_limit cap
        CROSS JOIN LATERAL (
            SELECT sum(share.ceiling)::bigint AS ceiling, sum(share.held)::bigint AS held,
                   sum(share.spent)::bigint AS spent
                FROM program_budgets_limit share WHERE share.cap_id = cap.id
        ) total
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount) FILTER (WHERE ends_at > p_at), 0)::bigint AS under_way,
                   coalesce(sum(amount) FILTER (WHERE ends_at <= p_at), 0)::bigint AS over,
                   min(ends_at) FILTER (WHERE ends_at > p_at) AS next_end
                FROM program_budgets_raise raise
                WHERE raise.cap_id = cap.id AND raise.ended_at IS NULL
        ) raises
        CROSS JOIN LATERAL (SELECT total.ceiling - raises.over AS ceiling) now
        WHERE cap.kind = 'cap' AND cap.share = 0
$$;

-- Caps as they are recorded.
CREATE VIEW program_budgets_cap AS SELECT * FROM program_budgets_caps_at('-infinity');
