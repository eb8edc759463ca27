-- What every posting is made of. Only the functions beside this file call these.

-- The one lock: limits in their one order. Members rank before accounts and leaves before the
-- root, so the row that most purchases share is taken last. lock_rank never changes.
CREATE FUNCTION program_budgets_lock(p_limits bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM program_budgets_limit
        WHERE id = ANY (p_limits)
        ORDER BY lock_rank, id
        FOR UPDATE;
END
$$;

-- Postings for holds run side by side; opening a cap waits for those under way and keeps the next
-- ones out until it has counted them. Taken before any other lock.
CREATE FUNCTION program_budgets_begin_posting() RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(7024002)
$$;

CREATE FUNCTION program_budgets_stop_postings() RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(7024002)
$$;

-- An account and everything below it.
CREATE FUNCTION program_budgets_subtree(p_account bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE subtree (id) AS (
        SELECT p_account
        UNION ALL
        SELECT account.id FROM subtree
            JOIN program_budgets_account account ON account.parent_id = subtree.id
    )
    SELECT id FROM subtree
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
    IF v_outcome.fingerprint <> p_fingerprint THEN
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
        VALUES (p_key, p_fingerprint, p_result, clock_timestamp());
    RETURN p_result;
END
$$;

-- Move p_amount between two buckets of a limit (and of one of its lots), and write both lines.
-- The check constraints of limit and lot are the guard: a move that doesn't fit raises.
CREATE FUNCTION program_budgets_move(
    p_posting bigint, p_limit bigint, p_lot bigint, p_source text, p_target text, p_amount bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_limit program_budgets_limit;
    v_lot program_budgets_lot;
    v_after jsonb;
    v_held bigint := p_amount * ((p_target = 'held')::int - (p_source = 'held')::int);
    v_spent bigint := p_amount * ((p_target = 'spent')::int - (p_source = 'spent')::int);
    v_lapsed bigint := p_amount * ((p_target = 'lapsed')::int - (p_source = 'lapsed')::int);
    v_funded bigint := p_amount * ((p_source = 'funding')::int - (p_target = 'funding')::int);
BEGIN
    UPDATE program_budgets_limit SET
        ceiling = ceiling + v_funded - v_lapsed,
        held = held + v_held,
        spent = spent + v_spent,
        -- Lowering a ceiling below what is used records the difference; from then on the
        -- difference only shrinks, so that it never lets anything new pass.
        overhang = CASE
            WHEN v_funded < 0 THEN greatest(held + spent - ceiling - v_funded, 0)
            ELSE least(overhang, greatest(held + v_held + spent + v_spent - ceiling - v_funded + v_lapsed, 0))
        END
        WHERE id = p_limit
        RETURNING * INTO STRICT v_limit;

    IF p_lot IS NULL THEN
        v_after := jsonb_build_object(
            'funding', -v_limit.ceiling,
            'available', v_limit.ceiling - v_limit.held - v_limit.spent,
            'held', v_limit.held,
            'spent', v_limit.spent
        );
    ELSE
        UPDATE program_budgets_lot SET
            amount = amount + v_funded,
            held = held + v_held,
            spent = spent + v_spent,
            removed = removed + v_lapsed
            WHERE id = p_lot AND limit_id = p_limit
            RETURNING * INTO STRICT v_lot;
        v_after := jsonb_build_object(
            'funding', -v_lot.amount,
            'available', v_lot.amount - v_lot.held - v_lot.spent - v_lot.removed,
            'held', v_lot.held,
            'spent', v_lot.spent,
            'lapsed', v_lot.removed
        );
    END IF;

    INSERT INTO program_budgets_entry
        (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
    VALUES
        (p_posting, p_limit, p_lot, p_source, -p_amount,
         (v_after ->> p_source)::bigint + p_amount, (v_after ->> p_source)::bigint),
        (p_posting, p_limit, p_lot, p_target, p_amount,
         (v_after ->> p_target)::bigint - p_amount, (v_after ->> p_target)::bigint);
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
