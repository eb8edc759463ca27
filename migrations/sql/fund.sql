-- Give every member in p_request.members one new lot of p_request.amount; set-based. An
-- allotment is given once per member and cycle: who has it already is left out.
CREATE FUNCTION program_budgets_grant(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_amount constant bigint := (p_request ->> 'amount')::bigint;
    v_at constant timestamptz := (p_request ->> 'at')::timestamptz;
    v_limits bigint[];
    v_answer jsonb;
    v_count bigint;
BEGIN
    SELECT array_agg(id) INTO v_limits FROM program_budgets_limit
        WHERE kind = 'member' AND unit = p_request ->> 'unit'
          AND member_id IN (SELECT value::bigint FROM jsonb_array_elements_text(p_request -> 'members'));
    IF coalesce(cardinality(v_limits), 0) <> jsonb_array_length(p_request -> 'members') THEN
        RETURN '{"status": "unknown_member"}';
    END IF;
    PERFORM program_budgets_lock(v_limits);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;

    WITH granted AS (
        INSERT INTO program_budgets_lot
            (limit_id, cycle_id, origin, amount, held, spent, removed, expires_at, created_at, reason)
        SELECT id, (p_request ->> 'cycle')::bigint, p_request ->> 'origin', v_amount, 0, 0, 0,
               (p_request ->> 'expires_at')::timestamptz, v_at, p_request ->> 'reason'
            FROM unnest(v_limits) id
        ON CONFLICT DO NOTHING
        RETURNING id, limit_id
    ), raised AS (
        UPDATE program_budgets_limit budget SET ceiling = ceiling + v_amount
            FROM granted WHERE budget.id = granted.limit_id
            RETURNING budget.id, budget.program_id, budget.member_id, budget.unit
    ), posted AS (
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, member_id, account_id, unit, amount, checkout_id, order_id,
             actor, cause, at, created_at)
        SELECT 'grant', raised.program_id, (p_request ->> 'cycle')::bigint, member.id,
               member.account_id, raised.unit, v_amount, '', '', p_request ->> 'actor',
               p_request ->> 'reason', v_at, clock_timestamp()
            FROM raised JOIN program_budgets_member member ON member.id = raised.member_id
        RETURNING id, member_id
    ), written AS (
        INSERT INTO program_budgets_entry
            (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
        SELECT posted.id, raised.id, granted.id, line.bucket, line.sign * v_amount, 0,
               line.sign * v_amount
            FROM posted
            JOIN raised ON raised.member_id = posted.member_id
            JOIN granted ON granted.limit_id = raised.id
            CROSS JOIN (VALUES ('funding', -1), ('available', 1)) line (bucket, sign)
        RETURNING posting_id
    )
    SELECT count(*) / 2 INTO v_count FROM written;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'granted', 'count', v_count, 'total', v_count * v_amount));
END
$$;

-- Set a cap's ceiling. Raising works at once; lowering below what is used records the overhang.
CREATE FUNCTION program_budgets_set_ceiling(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_ceiling constant bigint := (p_request ->> 'ceiling')::bigint;
    v_limit program_budgets_limit;
    v_answer jsonb;
    v_posting bigint;
BEGIN
    PERFORM program_budgets_lock(ARRAY[(p_request ->> 'limit')::bigint]);
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    SELECT * INTO STRICT v_limit FROM program_budgets_limit WHERE id = (p_request ->> 'limit')::bigint;
    IF v_ceiling <> v_limit.ceiling THEN
        INSERT INTO program_budgets_posting
            (kind, program_id, cycle_id, account_id, unit, amount, checkout_id, order_id, actor,
             cause, at, created_at)
        VALUES
            ('ceiling', v_limit.program_id, v_limit.cycle_id, v_limit.account_id, v_limit.unit,
             abs(v_ceiling - v_limit.ceiling), '', '', p_request ->> 'actor',
             p_request ->> 'reason', (p_request ->> 'at')::timestamptz, clock_timestamp())
        RETURNING id INTO v_posting;
        PERFORM program_budgets_move(
            v_posting, v_limit.id, NULL,
            CASE WHEN v_ceiling > v_limit.ceiling THEN 'funding' ELSE 'available' END,
            CASE WHEN v_ceiling > v_limit.ceiling THEN 'available' ELSE 'funding' END,
            abs(v_ceiling - v_limit.ceiling));
    END IF;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'set', 'limit', v_limit.id, 'posting', v_posting));
END
$$;

-- Put a cap on an account. A new one starts from what the cycle has used under the account
-- already, so that it means the same whenever it is set. Only here are purchases kept waiting:
-- each posting for a hold takes the same lock shared, and so is either counted or comes after.
CREATE FUNCTION program_budgets_set_cap(p_request jsonb, p_fingerprint text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_ceiling constant bigint := (p_request ->> 'ceiling')::bigint;
    v_account constant bigint := (p_request ->> 'account')::bigint;
    v_program constant bigint := (p_request ->> 'program')::bigint;
    v_cycle constant bigint := (p_request ->> 'cycle')::bigint;
    v_answer jsonb;
    v_limit bigint;
    v_posting bigint;
    v_held bigint;
    v_spent bigint;
BEGIN
    v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);
    IF v_answer IS NOT NULL THEN
        RETURN v_answer;
    END IF;
    INSERT INTO program_budgets_limit
        (kind, program_id, cycle_id, account_id, unit, ceiling, held, spent, overhang, is_open,
         lock_rank)
    VALUES
        ('cap', v_program, v_cycle, v_account, p_request ->> 'unit', 0, 0, 0, 0, true,
         (p_request ->> 'lock_rank')::int)
    ON CONFLICT DO NOTHING
    RETURNING id INTO v_limit;
    IF v_limit IS NULL THEN
        SELECT id INTO STRICT v_limit FROM program_budgets_limit
            WHERE kind = 'cap' AND account_id = v_account AND unit = p_request ->> 'unit'
              AND program_id IS NOT DISTINCT FROM v_program
              AND cycle_id IS NOT DISTINCT FROM v_cycle;
        RETURN program_budgets_set_ceiling(
            p_request || jsonb_build_object('limit', v_limit), p_fingerprint);
    END IF;

    PERFORM program_budgets_stop_postings();
    INSERT INTO program_budgets_holdlimit (hold_id, limit_id)
    SELECT hold.id, v_limit
        FROM program_budgets_hold hold
        JOIN program_budgets_cycle cycle ON cycle.id = hold.cycle_id AND cycle.closed_at IS NULL
        WHERE hold.unit = p_request ->> 'unit'
          AND (v_program IS NULL OR hold.cycle_id = v_cycle)
          AND hold.account_id IN (SELECT id FROM program_budgets_subtree(v_account) id)
          AND hold.amount - hold.released > hold.refunded;
    SELECT coalesce(sum(hold.amount - hold.captured - hold.released), 0),
           coalesce(sum(hold.captured - hold.refunded), 0)
        INTO v_held, v_spent
        FROM program_budgets_holdlimit hold_limit
        JOIN program_budgets_hold hold ON hold.id = hold_limit.hold_id
        WHERE hold_limit.limit_id = v_limit;

    INSERT INTO program_budgets_posting
        (kind, program_id, cycle_id, account_id, unit, amount, checkout_id, order_id, actor, cause,
         at, created_at)
    VALUES
        ('ceiling', v_program, v_cycle, v_account, p_request ->> 'unit', v_ceiling, '', '',
         p_request ->> 'actor', p_request ->> 'reason', (p_request ->> 'at')::timestamptz,
         clock_timestamp())
    RETURNING id INTO v_posting;
    PERFORM program_budgets_move(
        v_posting, v_limit, NULL, 'funding', 'available', greatest(v_ceiling, v_held + v_spent));
    IF v_held > 0 THEN
        PERFORM program_budgets_move(v_posting, v_limit, NULL, 'available', 'held', v_held);
    END IF;
    IF v_spent > 0 THEN
        PERFORM program_budgets_move(v_posting, v_limit, NULL, 'available', 'spent', v_spent);
    END IF;
    IF v_held + v_spent > v_ceiling THEN
        PERFORM program_budgets_move(
            v_posting, v_limit, NULL, 'available', 'funding', v_held + v_spent - v_ceiling);
    END IF;
    RETURN program_budgets_remember(
        p_request ->> 'key', p_fingerprint,
        jsonb_build_object('status', 'set', 'limit', v_limit, 'posting', v_posting));
END
$$;
