-- Orders by the thousand, as if they had been placed one after the other: what the journal, the
-- holds and the balances would say then. Nobody else may post meanwhile.
--
-- p_first is the number of the first order; everything about an order follows from its number. The
-- capture comes twenty orders after the hold, save for one order in p_open_every, which stays open.
-- An order comes p_every after the one before; p_began is when number 0 would have been placed.
CREATE OR REPLACE FUNCTION bench_trade(
    p_members bigint[], p_cycle bigint, p_first bigint, p_orders int, p_open_every int,
    p_began timestamptz DEFAULT '2026-01-05 09:00+00', p_every interval DEFAULT '30 seconds'
) RETURNS void
LANGUAGE plpgsql
SET work_mem = '128MB'
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    v_posting bigint;
BEGIN
    CREATE TEMP TABLE bench_order ON COMMIT DROP AS
        SELECT number, member.id AS member_id, member.account_id, member.program_id, budget.unit,
               budget.id AS limit_id, lot.id AS lot_id,
               500 + abs(hashint8extended(number, 1) % 5000) AS amount,
               number % p_open_every = 0 AS stays_open,
               program_budgets_new_id() AS hold_id,
               gen_random_uuid()::text AS checkout_id, gen_random_uuid()::text AS order_id,
               replace(gen_random_uuid()::text, '-', '') AS hold_key,
               p_began + number * p_every AS at
            FROM generate_series(p_first, p_first + p_orders - 1) number
            JOIN program_budgets_member member ON member.id =
                p_members[1 + abs(hashint8extended(number, 0) % cardinality(p_members))]
            JOIN program_budgets_limit budget
                ON budget.member_id = member.id AND budget.kind = 'member'
            JOIN program_budgets_lot lot ON lot.limit_id = budget.id AND lot.cycle_id = p_cycle
            ORDER BY number;
    ANALYZE bench_order;

    -- The rows that each order changes: the member's lot, and a share of every cap above.
    CREATE TEMP TABLE bench_row ON COMMIT DROP AS
        WITH cap AS MATERIALIZED (
            SELECT account.account_id, cap.cap_id, cap.lock_rank, cap.spread
                FROM (
                    SELECT DISTINCT account_id, program_id, unit FROM bench_order
                ) account
                CROSS JOIN LATERAL program_budgets_caps(
                    account.account_id, account.program_id, p_cycle, ARRAY[account.unit]) cap
        )
        SELECT number, amount, limit_id, lot_id, 0 AS lock_rank FROM bench_order
        UNION ALL
        SELECT number, amount, share.id, NULL, cap.lock_rank
            FROM bench_order JOIN cap USING (account_id)
            JOIN program_budgets_limit share
                ON share.cap_id = cap.cap_id AND share.share = number % cap.spread;
    ANALYZE bench_row;

    CREATE TEMP TABLE bench_posting ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY place) AS posting, number, kind
            FROM (
                SELECT number, 'hold' AS kind, number * 2 AS place FROM bench_order
                UNION ALL
                SELECT number, 'capture', (number + 20) * 2 + 1 FROM bench_order
                    WHERE NOT stays_open
            ) planned;
    SELECT nextval('program_budgets_posting_id_seq') INTO v_posting;
    PERFORM setval('program_budgets_posting_id_seq', v_posting + count(*)) FROM bench_posting;
    UPDATE bench_posting SET posting = posting + v_posting;
    ANALYZE bench_posting;

    INSERT INTO program_budgets_posting
        (id, kind, program_id, cycle_id, member_id, account_id, hold_id, unit, amount, items,
         checkout_id, order_id, actor, cause, at, created_at)
    SELECT posting, kind, program_id, p_cycle, member_id, account_id, hold_id, unit, amount, 0,
           checkout_id, CASE kind WHEN 'capture' THEN order_id ELSE '' END, 'system:bench', '', at, at
        FROM bench_posting JOIN bench_order USING (number) ORDER BY posting;

    INSERT INTO program_budgets_entry
        (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
    SELECT posting, limit_id, lot_id, line.bucket, line.change, line.balance - line.change,
           line.balance
        FROM (
            SELECT posting, changed.limit_id, changed.lot_id, changed.lock_rank, held_change,
                   spent_change,
                   budget.ceiling - budget.held - budget.spent AS free_before,
                   budget.held + sum(held_change) OVER so_far AS held,
                   budget.spent + sum(spent_change) OVER so_far AS spent,
                   -sum(held_change + spent_change) OVER so_far AS free_change
                FROM bench_posting JOIN bench_row changed USING (number)
                JOIN program_budgets_limit budget ON budget.id = changed.limit_id
                CROSS JOIN LATERAL (
                    SELECT CASE bench_posting.kind
                               WHEN 'hold' THEN changed.amount ELSE -changed.amount
                           END AS held_change,
                           CASE bench_posting.kind
                               WHEN 'hold' THEN 0 ELSE changed.amount
                           END AS spent_change
                ) change
                WINDOW so_far AS (PARTITION BY changed.limit_id ORDER BY posting)
        ) figures
        CROSS JOIN LATERAL (VALUES
            (1, 'available', -held_change - spent_change, free_before + free_change),
            (2, 'held', held_change, held),
            (3, 'spent', spent_change, spent)
        ) line (place, bucket, change, balance)
        WHERE line.change <> 0
        ORDER BY posting, lock_rank, line.place;

    INSERT INTO program_budgets_hold
        (id, key, program_id, cycle_id, member_id, account_id, unit, amount, captured, released,
         refunded, items, items_captured, items_released, items_refunded, shares, checkout_id,
         order_id, bound_at, expires_at, created_at)
    SELECT hold_id, hold_key, program_id, p_cycle, member_id, account_id, unit, amount,
           CASE WHEN stays_open THEN 0 ELSE amount END, 0, 0, 0, 0, 0, 0, shares,
           checkout_id, CASE WHEN stays_open THEN '' ELSE order_id END,
           CASE WHEN NOT stays_open THEN at END, at + interval '1 hour', at
        FROM bench_order
        JOIN (
            SELECT number, array_agg(limit_id ORDER BY lock_rank, limit_id) AS shares
                FROM bench_row WHERE lot_id IS NULL GROUP BY number
        ) counted USING (number)
        ORDER BY number;

    INSERT INTO program_budgets_holdlot
        (hold_id, lot_id, position, amount, captured, released, refunded)
    SELECT hold_id, lot_id, 1, amount, CASE WHEN stays_open THEN 0 ELSE amount END, 0, 0
        FROM bench_order ORDER BY number;

    INSERT INTO program_budgets_outcome (key, fingerprint, result, created_at)
    SELECT CASE kind WHEN 'hold' THEN hold_key ELSE 'capture:' || hold_id END,
           sha256(convert_to(hold_key || kind, 'UTF8')),
           CASE kind WHEN 'hold' THEN jsonb_build_object(
               'status', 'held', 'hold', hold_id, 'posting', posting, 'amount', amount,
               'available', 0)
           ELSE jsonb_build_object(
               'status', 'posted', 'posting', posting, 'unit', unit, 'amount', amount,
               'captured', amount, 'released', 0, 'refunded', 0, 'remaining', 0, 'items', 0,
               'items_captured', 0, 'items_released', 0, 'items_refunded', 0, 'items_remaining', 0)
           END, at
        FROM bench_posting JOIN bench_order USING (number) ORDER BY posting;

    UPDATE program_budgets_limit budget SET
        held = budget.held + total.held, spent = budget.spent + total.spent
        FROM (
            SELECT limit_id, sum(CASE WHEN stays_open THEN amount ELSE 0 END) AS held,
                   sum(CASE WHEN stays_open THEN 0 ELSE amount END) AS spent
                FROM (
                    SELECT changed.limit_id, changed.amount, stays_open
                        FROM bench_row changed JOIN bench_order USING (number)
                ) each GROUP BY limit_id
        ) total
        WHERE budget.id = total.limit_id;
    UPDATE program_budgets_lot lot SET
        held = lot.held + total.held, spent = lot.spent + total.spent
        FROM (
            SELECT lot_id, sum(CASE WHEN stays_open THEN amount ELSE 0 END) AS held,
                   sum(CASE WHEN stays_open THEN 0 ELSE amount END) AS spent
                FROM bench_order GROUP BY lot_id
        ) total
        WHERE lot.id = total.lot_id;
    DROP TABLE bench_posting, bench_row, bench_order;
END
$$;
