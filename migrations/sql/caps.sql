-- Caps, and the shares that a cap many buy under is split into.
--
-- A cap is one or more rows of program_budgets_limit, its shares, which divide its ceiling. A
-- purchase uses one share, so that purchases at the same time lock different rows and commit
-- together. Exact throughout: each share has its own constraint, and the shares' ceilings sum up to
-- the cap's. When a purchase doesn't fit its share, all shares are locked and the cap as a whole
-- decides.

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

-- The caps that a purchase by someone under p_account must fit under, nearest account at distance
-- 0: the program's own for this cycle, and those that count all programs.
CREATE FUNCTION program_budgets_caps(
    p_account bigint, p_program bigint, p_cycle bigint, p_units text[]
) RETURNS TABLE (cap_id bigint, distance int, lock_rank int, spread smallint, unit text)
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE walk (id, parent_id, distance) AS (
        SELECT a.id, a.parent_id, 0 FROM program_budgets_account a WHERE a.id = p_account
        UNION ALL
        SELECT a.id, a.parent_id, w.distance + 1
            FROM walk w JOIN program_budgets_account a ON a.id = w.parent_id
    )
    SELECT l.id, w.distance, l.lock_rank, l.spread, l.unit
        -- OFFSET 0 keeps the planner from reading all the program's caps and joining them.
        FROM walk w CROSS JOIN LATERAL (
            SELECT * FROM program_budgets_limit
                WHERE account_id = w.id AND kind = 'cap' AND share = 0 AND unit = ANY (p_units)
                  AND is_open
                  AND (program_id IS NULL OR (program_id = p_program AND cycle_id = p_cycle))
                OFFSET 0
        ) l
$$;

-- How many shares a cap is split into, and how many purchases like the present one every share
-- must have room for: below that, shares would run dry one after another.
CREATE FUNCTION program_budgets_most_shares() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 16';
CREATE FUNCTION program_budgets_least_share() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 4';

-- Lock all of a cap, its first share first: whoever adds shares or divides the ceiling anew holds
-- that one. The second statement sees shares that were added while the first one waited.
CREATE FUNCTION program_budgets_lock_cap(p_cap bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM program_budgets_limit WHERE id = p_cap FOR UPDATE;
    PERFORM 1 FROM program_budgets_limit WHERE cap_id = p_cap AND share > 0
        ORDER BY share FOR UPDATE;
END
$$;

-- A cap, all of it: what may still be used (negative: the overhang). For a cap that is locked.
CREATE FUNCTION program_budgets_free(p_cap bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT sum(ceiling - held - spent) FROM program_budgets_limit WHERE cap_id = p_cap);
END
$$;

-- The head of a posting that changes a cap.
CREATE FUNCTION program_budgets_head_of_cap(
    p_cap program_budgets_limit, p_kind text, p_amount bigint, p_actor text, p_cause text,
    p_at timestamptz
) RETURNS program_budgets_posting
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_head program_budgets_posting := program_budgets_head(
        p_kind, jsonb_build_object('actor', p_actor, 'cause', p_cause, 'at', p_at));
BEGIN
    v_head.program_id := p_cap.program_id;
    v_head.cycle_id := p_cap.cycle_id;
    v_head.account_id := p_cap.account_id;
    v_head.unit := p_cap.unit;
    v_head.amount := p_amount;
    RETURN v_head;
END
$$;

-- Divide what is free of a locked cap evenly over its first p_spread shares; the others keep
-- exactly what is used of them. Changes no figure of the cap as a whole.
CREATE FUNCTION program_budgets_divide(p_cap bigint, p_spread int, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_free constant bigint := program_budgets_free(p_cap);
    v_each constant bigint := v_free / p_spread;
    v_cap program_budgets_limit;
    v_changes program_budgets_change[];
    v_amount bigint;
BEGIN
    UPDATE program_budgets_limit SET spread = p_spread WHERE id = p_cap RETURNING * INTO v_cap;
    INSERT INTO program_budgets_limit
        (kind, program_id, cycle_id, account_id, unit, ceiling, held, spent, overhang, is_open,
         lock_rank, cap_id, share, spread, takes_new, raise_ends_at)
    SELECT v_cap.kind, v_cap.program_id, v_cap.cycle_id, v_cap.account_id, v_cap.unit, 0, 0, 0, 0,
           v_cap.is_open, v_cap.lock_rank, p_cap, number, 1, true, v_cap.raise_ends_at
        FROM generate_series(1, p_spread - 1) number
        WHERE NOT EXISTS (
            SELECT FROM program_budgets_limit known
                WHERE known.cap_id = p_cap AND known.share = number)
        ORDER BY number;
    UPDATE program_budgets_limit SET takes_new = share < p_spread
        WHERE cap_id = p_cap AND takes_new <> (share < p_spread);

    SELECT array_agg(ROW(id, NULL, delta, 0, 0, 0, 0, 0)::program_budgets_change),
           sum(greatest(delta, 0))
        INTO v_changes, v_amount
        FROM (
            SELECT id, held + spent - ceiling + CASE
                       WHEN share = 0 THEN v_free - v_each * (p_spread - 1)
                       WHEN share < p_spread THEN v_each
                       ELSE 0 END AS delta
                FROM program_budgets_limit WHERE cap_id = p_cap
        ) target
        WHERE delta <> 0;
    IF v_changes IS NULL THEN
        RETURN;
    END IF;
    PERFORM program_budgets_post(
        program_budgets_head_of_cap(v_cap, 'share', v_amount, 'system:shares', '', p_at), v_changes);
END
$$;

-- Choose a share for a purchase under a cap and lock it: one that nobody else has locked, else wait
-- for the one that this connection always waits for. Returns the row as it is then. That somebody
-- was waited for is what shows that a cap should be split.
CREATE FUNCTION program_budgets_pick_share(
    p_cap bigint, p_spread int, p_amount bigint, p_at timestamptz
) RETURNS program_budgets_limit
LANGUAGE plpgsql AS $$
DECLARE
    v_share program_budgets_limit;
BEGIN
    -- Only columns that never change may select here: a row whose condition turned false while
    -- it was being locked would stay locked, outside the order.
    SELECT * INTO v_share FROM program_budgets_limit
        WHERE cap_id = p_cap AND share < p_spread
        ORDER BY (share + pg_backend_pid()) % p_spread LIMIT 1
        FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN v_share;
    END IF;
    SELECT * INTO STRICT v_share FROM program_budgets_limit
        WHERE cap_id = p_cap AND share = pg_backend_pid() % p_spread
        FOR UPDATE;
    IF p_spread = 1 AND v_share.spread = 1 AND program_budgets_is_worth_splitting(
            v_share.ceiling - v_share.held - v_share.spent, p_amount) THEN
        PERFORM program_budgets_lock_cap(p_cap);
        PERFORM program_budgets_divide(p_cap, program_budgets_most_shares(), p_at);
        SELECT * INTO STRICT v_share FROM program_budgets_limit WHERE id = p_cap;
    END IF;
    RETURN v_share;
END
$$;

CREATE FUNCTION program_budgets_is_worth_splitting(p_free bigint, p_amount bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_free / (program_budgets_most_shares() * program_budgets_least_share()) >= p_amount
$$;

-- Whether a share has room for a purchase at p_at; where not, the cap as a whole may have.
CREATE FUNCTION program_budgets_has_room(
    p_share program_budgets_limit, p_amount bigint, p_at timestamptz
) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_share.takes_new AND p_share.is_open
       AND p_share.ceiling - p_share.held - p_share.spent >= p_amount
       AND (p_share.raise_ends_at IS NULL OR p_share.raise_ends_at > p_at)
$$;

-- Make room for p_amount in the first share of a locked cap that has as much free, and divide the
-- rest for the purchases to come; returns that share.
CREATE FUNCTION program_budgets_make_room(p_cap bigint, p_amount bigint, p_at timestamptz)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_first program_budgets_limit;
BEGIN
    SELECT * INTO STRICT v_first FROM program_budgets_limit WHERE id = p_cap;
    IF v_first.spread > 1
       AND program_budgets_is_worth_splitting(program_budgets_free(p_cap), p_amount)
    THEN
        PERFORM program_budgets_divide(p_cap, program_budgets_most_shares(), p_at);
    ELSIF v_first.spread > 1 OR v_first.ceiling - v_first.held - v_first.spent < p_amount THEN
        PERFORM program_budgets_divide(p_cap, 1, p_at);
    END IF;
    RETURN p_cap;
END
$$;
