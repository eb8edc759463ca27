-- What postings say of each hold: a reversal counts against what it reverses.
CREATE VIEW program_budgets_hold_from_journal AS
    SELECT posting.hold_id,
           coalesce(sum(posting.amount) FILTER (WHERE what.kind = 'hold'), 0)::bigint AS amount,
           coalesce(sum(signed.amount) FILTER (WHERE what.kind = 'capture'), 0)::bigint AS captured,
           coalesce(sum(signed.amount) FILTER (WHERE what.kind IN ('release', 'expire')), 0)::bigint
               AS released,
           coalesce(sum(signed.amount) FILTER (WHERE what.kind = 'refund'), 0)::bigint AS refunded,
           coalesce(sum(posting.items) FILTER (WHERE what.kind = 'hold'), 0)::bigint AS items,
           coalesce(sum(signed.items) FILTER (WHERE what.kind = 'capture'), 0)::bigint
               AS items_captured,
           coalesce(sum(signed.items) FILTER (WHERE what.kind IN ('release', 'expire')), 0)::bigint
               AS items_released,
           coalesce(sum(signed.items) FILTER (WHERE what.kind = 'refund'), 0)::bigint
               AS items_refunded
        FROM program_budgets_posting posting
        LEFT JOIN program_budgets_posting reversed ON reversed.id = posting.reverses_id
        CROSS JOIN LATERAL (SELECT coalesce(reversed.kind, posting.kind) AS kind) what
        CROSS JOIN LATERAL (
            SELECT CASE WHEN reversed.id IS NULL THEN posting.amount ELSE -posting.amount END AS amount,
                   CASE WHEN reversed.id IS NULL THEN posting.items ELSE -posting.items END AS items
        ) signed
        WHERE posting.hold_id IS NOT NULL
        GROUP BY posting.hold_id;

-- What entries say of each lot that a hold pinned.
CREATE VIEW program_budgets_pin_from_journal AS
    SELECT posting.hold_id, entry.lot_id,
           coalesce(sum(entry.amount) FILTER (WHERE bucket = 'held' AND what.kind = 'hold'), 0)::bigint
               AS amount,
           coalesce(sum(entry.amount) FILTER (WHERE bucket = 'spent' AND what.kind = 'capture'), 0)
               ::bigint AS captured,
           coalesce(-sum(entry.amount)
               FILTER (WHERE bucket = 'held' AND what.kind IN ('release', 'expire')), 0)::bigint
               AS released,
           coalesce(-sum(entry.amount) FILTER (WHERE bucket = 'spent' AND what.kind = 'refund'), 0)
               ::bigint AS refunded
        FROM program_budgets_posting posting
        JOIN program_budgets_entry entry ON entry.posting_id = posting.id
        LEFT JOIN program_budgets_posting reversed ON reversed.id = posting.reverses_id
        CROSS JOIN LATERAL (SELECT coalesce(reversed.kind, posting.kind) AS kind) what
        WHERE posting.hold_id IS NOT NULL AND entry.lot_id IS NOT NULL
          AND entry.bucket IN ('held', 'spent')
        GROUP BY posting.hold_id, entry.lot_id;

-- Compute limits, lots and holds anew from the journal, while nobody posts. Returns how many rows of
-- each were wrong.
CREATE FUNCTION program_budgets_rebuild(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_lots bigint;
    v_caps bigint;
    v_members bigint;
    v_pins bigint;
    v_holds bigint;
BEGIN
    PERFORM program_budgets_stop_postings();
    UPDATE program_budgets_lot lot SET
        amount = truth.amount, held = truth.held, spent = truth.spent, lapsed = truth.lapsed,
        withdrawn = truth.withdrawn, moved = truth.moved
        FROM (
            SELECT known.id,
                   coalesce(-sum(entry.amount) FILTER (WHERE bucket = 'funding'), 0)::bigint AS amount,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'held'), 0)::bigint AS held,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'spent'), 0)::bigint AS spent,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'lapsed'), 0)::bigint AS lapsed,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'withdrawn'), 0)::bigint
                       AS withdrawn,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'moved'), 0)::bigint AS moved
                FROM program_budgets_lot known
                LEFT JOIN program_budgets_entry entry ON entry.lot_id = known.id
                GROUP BY known.id
        ) truth
        WHERE lot.id = truth.id
          AND (lot.amount, lot.held, lot.spent, lot.lapsed, lot.withdrawn, lot.moved) IS DISTINCT FROM
              (truth.amount, truth.held, truth.spent, truth.lapsed, truth.withdrawn, truth.moved);
    GET DIAGNOSTICS v_lots = ROW_COUNT;
    UPDATE program_budgets_limit share SET
        ceiling = truth.ceiling, held = truth.held, spent = truth.spent,
        overhang = greatest(truth.held + truth.spent - truth.ceiling, 0)
        FROM (
            SELECT known.id,
                   coalesce(-sum(entry.amount) FILTER (WHERE bucket = 'funding'), 0)::bigint AS ceiling,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'held'), 0)::bigint AS held,
                   coalesce(sum(entry.amount) FILTER (WHERE bucket = 'spent'), 0)::bigint AS spent
                FROM program_budgets_limit known
                LEFT JOIN program_budgets_entry entry
                    ON entry.limit_id = known.id AND entry.lot_id IS NULL
                WHERE known.kind = 'cap'
                GROUP BY known.id
        ) truth
        WHERE share.id = truth.id
          AND (share.ceiling, share.held, share.spent, share.overhang) IS DISTINCT FROM
              (truth.ceiling, truth.held, truth.spent,
               greatest(truth.held + truth.spent - truth.ceiling, 0));
    GET DIAGNOSTICS v_caps = ROW_COUNT;
    UPDATE program_budgets_limit budget SET
        ceiling = truth.ceiling, held = truth.held, spent = truth.spent, overhang = 0
        FROM (
            SELECT known.id,
                   coalesce(sum(lot.amount - lot.lapsed - lot.withdrawn - lot.moved), 0)::bigint
                       AS ceiling,
                   coalesce(sum(lot.held), 0)::bigint AS held,
                   coalesce(sum(lot.spent), 0)::bigint AS spent
                FROM program_budgets_limit known
                LEFT JOIN program_budgets_lot lot ON lot.limit_id = known.id
                WHERE known.kind = 'member'
                GROUP BY known.id
        ) truth
        WHERE budget.id = truth.id
          AND (budget.ceiling, budget.held, budget.spent, budget.overhang) IS DISTINCT FROM
              (truth.ceiling, truth.held, truth.spent, 0::bigint);
    GET DIAGNOSTICS v_members = ROW_COUNT;
    UPDATE program_budgets_holdlot pin SET
        amount = truth.amount, captured = truth.captured, released = truth.released,
        refunded = truth.refunded
        FROM program_budgets_pin_from_journal truth
        WHERE pin.hold_id = truth.hold_id AND pin.lot_id = truth.lot_id
          AND (pin.amount, pin.captured, pin.released, pin.refunded) IS DISTINCT FROM
              (truth.amount, truth.captured, truth.released, truth.refunded);
    GET DIAGNOSTICS v_pins = ROW_COUNT;
    UPDATE program_budgets_hold hold SET
        amount = truth.amount, captured = truth.captured, released = truth.released,
        refunded = truth.refunded, items = truth.items, items_captured = truth.items_captured,
        items_released = truth.items_released, items_refunded = truth.items_refunded
        FROM program_budgets_hold_from_journal truth
        WHERE hold.id = truth.hold_id
          AND (hold.amount, hold.captured, hold.released, hold.refunded, hold.items,
               hold.items_captured, hold.items_released, hold.items_refunded) IS DISTINCT FROM
              (truth.amount, truth.captured, truth.released, truth.refunded, truth.items,
               truth.items_captured, truth.items_released, truth.items_refunded);
    GET DIAGNOSTICS v_holds = ROW_COUNT;
    RETURN jsonb_build_object('status', 'rebuilt', 'lots', v_lots, 'caps', v_caps,
                              'members', v_members, 'pins', v_pins, 'holds', v_holds);
END
$$;
