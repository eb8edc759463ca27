-- What every posting is made of. Only the functions beside this file call these.

-- Postings run side by side. Opening a cap waits for those under way and keeps the next ones out
-- until it has counted them; sealing waits for those under way and lets the next ones pass. Taken
-- before any other lock, and before a posting's id is drawn.
CREATE FUNCTION program_budgets_begin_posting() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM program_budgets_require_read_committed();
    PERFORM pg_advisory_xact_lock_shared(7024002);
END
$$;

-- Whoever waits for this lock keeps everybody else waiting: after a while it lets them pass, and the
-- caller asks again.
CREATE FUNCTION program_budgets_stop_postings() RETURNS void
LANGUAGE plpgsql
SET lock_timeout = '150ms'
AS $$
BEGIN
    PERFORM program_budgets_require_read_committed();
    PERFORM pg_advisory_xact_lock(7024002);
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'postings are under way' USING ERRCODE = '55PB1';
END
$$;

-- Every statement of these functions has to see what others committed while it waited for a lock.
CREATE FUNCTION program_budgets_require_read_committed() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the ledger works in transactions that are READ COMMITTED, not %',
            upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'Set default_transaction_isolation to read committed for this connection.';
    END IF;
END
$$;

-- The one lock: limits in their one order. Members rank before accounts and leaves before the
-- root, so the rows that most purchases share are taken last. None of the three ever changes.
CREATE FUNCTION program_budgets_lock(p_limits bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM program_budgets_limit
        WHERE id = ANY (p_limits)
        ORDER BY lock_rank, coalesce(cap_id, id), share
        FOR UPDATE;
END
$$;

-- Lock a member's budgets; the first is the one in p_unit (null: there is none), the second counts
-- items.
CREATE FUNCTION program_budgets_lock_member(p_member bigint, p_unit text) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    v_limits bigint[] := ARRAY[NULL, NULL];
    v_limit record;
BEGIN
    FOR v_limit IN
        SELECT id, unit FROM program_budgets_limit
            WHERE kind = 'member' AND member_id = p_member
            ORDER BY lock_rank, id FOR UPDATE
    LOOP
        IF v_limit.unit = p_unit THEN
            v_limits[1] := v_limit.id;
        ELSIF v_limit.unit = 'ITEM' THEN
            v_limits[2] := v_limit.id;
        END IF;
    END LOOP;
    RETURN v_limits;
END
$$;

-- The stored answer to a keyed request; NULL when the key is new. The same key with another
-- request is an error that names the key.
CREATE FUNCTION program_budgets_replay(p_key text, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_outcome program_budgets_outcome;
BEGIN
    SELECT * INTO v_outcome FROM program_budgets_outcome WHERE key = p_key;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF v_outcome.fingerprint <> decode(p_fingerprint, 'hex') THEN
        RETURN jsonb_build_object('status', 'key_conflict');
    END IF;
    RETURN v_outcome.result || '{"replayed": true}';
END
$$;

CREATE FUNCTION program_budgets_remember(p_key text, p_fingerprint text, p_result jsonb)
RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO program_budgets_outcome (key, fingerprint, result, created_at)
        VALUES (p_key, decode(p_fingerprint, 'hex'), p_result, clock_timestamp());
    RETURN p_result;
END
$$;

-- What a posting does to one lot, or to one row of a cap (lot_id is null): signed sums. What is
-- not said is the rest: available = granted - held - spent - lapsed - withdrawn - moved, so every
-- change nets to zero over its buckets.
CREATE TYPE program_budgets_change AS (
    limit_id bigint,
    lot_id bigint,
    granted bigint,
    held bigint,
    spent bigint,
    lapsed bigint,
    withdrawn bigint,
    moved bigint
);

-- A posting's head from a request; what it is about is filled in by the caller.
CREATE FUNCTION program_budgets_head(p_kind text, p_request jsonb) RETURNS program_budgets_posting
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_head program_budgets_posting;
BEGIN
    v_head.kind := p_kind;
    v_head.amount := 0;
    v_head.items := 0;
    v_head.checkout_id := coalesce(p_request ->> 'checkout_id', '');
    v_head.order_id := coalesce(p_request ->> 'order_id', '');
    v_head.actor := p_request ->> 'actor';
    v_head.cause := coalesce(p_request ->> 'cause', '');
    v_head.at := (p_request ->> 'at')::timestamptz;
    RETURN v_head;
END
$$;

-- Write one posting: its head, the new figures of the lots and limits it changes (each at most
-- once), and a line for every bucket that moved. The check constraints of limit and lot are the
-- guard: a change that doesn't fit raises. Returns the posting's id.
CREATE FUNCTION program_budgets_post(
    p_head program_budgets_posting, p_changes program_budgets_change[]
) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    p_head.id := nextval('program_budgets_posting_id_seq');
    p_head.created_at := clock_timestamp();
    WITH head AS (
        INSERT INTO program_budgets_posting SELECT (p_head).*
    ), lot_after AS (
        UPDATE program_budgets_lot lot SET
            amount = lot.amount + change.granted,
            held = lot.held + change.held,
            spent = lot.spent + change.spent,
            lapsed = lot.lapsed + change.lapsed,
            withdrawn = lot.withdrawn + change.withdrawn,
            moved = lot.moved + change.moved
            FROM unnest(p_changes) change
            WHERE lot.id = change.lot_id AND lot.limit_id = change.limit_id
            RETURNING change.*, lot.amount AS new_amount, lot.held AS new_held,
                lot.spent AS new_spent, lot.lapsed AS new_lapsed,
                lot.withdrawn AS new_withdrawn, lot.moved AS new_moved
    ), limit_after AS (
        UPDATE program_budgets_limit budget SET
            ceiling = budget.ceiling + total.granted,
            held = budget.held + total.held,
            spent = budget.spent + total.spent,
            -- Lowering a cap below what is used records the difference; from then on the
            -- difference only shrinks, so that it never lets anything new pass.
            overhang = least(
                CASE WHEN total.granted >= 0 OR budget.kind = 'member' OR p_head.kind = 'share'
                     THEN budget.overhang END,
                greatest(budget.held + total.held + budget.spent + total.spent
                         - budget.ceiling - total.granted, 0))
            FROM (
                SELECT limit_id, min(lot_id) AS lot_id,
                       sum(granted - lapsed - withdrawn - moved)::bigint AS granted,
                       sum(held)::bigint AS held, sum(spent)::bigint AS spent
                    FROM unnest(p_changes) GROUP BY limit_id
            ) total
            WHERE budget.id = total.limit_id
            RETURNING total.*, budget.ceiling AS new_ceiling, budget.held AS new_held,
                budget.spent AS new_spent
    )
    INSERT INTO program_budgets_entry
        (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
    SELECT p_head.id, row_after.limit_id, row_after.lot_id, line.bucket, line.amount,
           line.balance - line.amount, line.balance
        FROM (
            SELECT * FROM lot_after
            UNION ALL
            SELECT limit_id, NULL, granted, held, spent, 0, 0, 0,
                   new_ceiling, new_held, new_spent, 0, 0, 0
                FROM limit_after WHERE lot_id IS NULL
        ) row_after
        CROSS JOIN LATERAL (VALUES
            ('funding', -granted, -new_amount),
            ('available', granted - held - spent - lapsed - withdrawn - moved,
             new_amount - new_held - new_spent - new_lapsed - new_withdrawn - new_moved),
            ('held', held, new_held),
            ('spent', spent, new_spent),
            ('lapsed', lapsed, new_lapsed),
            ('withdrawn', withdrawn, new_withdrawn),
            ('moved', moved, new_moved)
        ) line (bucket, amount, balance)
        WHERE line.amount <> 0;
    RETURN p_head.id;
END
$$;

-- Part of the last guard: what a posting moves has to be found in lots to the last unit. Under the
-- locks it always is; should it not be, a row would claim more than its lots carry.
CREATE FUNCTION program_budgets_require_all_placed(p_rest bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_rest <> 0 THEN
        RAISE EXCEPTION '% of the amount found no lot', p_rest USING ERRCODE = 'check_violation';
    END IF;
END
$$;
