-- Seals make a change to the journal show. What is digested is text that is the same in every
-- session and on every server, and never the same for two different rows: fields parted by bars,
-- texts preceded by their length, instants in microseconds since 1970.
--
-- A column that is added once there are seals joins at the end, and only where it isn't null:
-- then the digests of earlier postings stay what they are.

CREATE FUNCTION program_budgets_microseconds(p_instant timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM p_instant) * 1000000)::bigint
$$;

CREATE FUNCTION program_budgets_posting_text(p_posting program_budgets_posting) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|',
        p_posting.id,
        coalesce(length(p_posting.kind), -1), p_posting.kind,
        coalesce(p_posting.program_id::text, ''),
        coalesce(p_posting.cycle_id::text, ''),
        coalesce(p_posting.member_id::text, ''),
        coalesce(p_posting.account_id::text, ''),
        coalesce(p_posting.hold_id::text, ''),
        coalesce(p_posting.reverses_id::text, ''),
        coalesce(length(p_posting.unit), -1), p_posting.unit,
        p_posting.amount,
        p_posting.items,
        coalesce(length(p_posting.checkout_id), -1), p_posting.checkout_id,
        coalesce(length(p_posting.order_id), -1), p_posting.order_id,
        coalesce(length(p_posting.actor), -1), p_posting.actor,
        coalesce(length(p_posting.cause), -1), p_posting.cause,
        program_budgets_microseconds(p_posting.at),
        program_budgets_microseconds(p_posting.created_at)
    )
$$;

CREATE FUNCTION program_budgets_entry_text(p_entry program_budgets_entry) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT concat_ws('|',
        '',
        p_entry.id,
        p_entry.limit_id,
        coalesce(p_entry.lot_id::text, ''),
        coalesce(length(p_entry.bucket), -1), p_entry.bucket,
        p_entry.amount,
        p_entry.balance_before,
        p_entry.balance_after
    )
$$;

-- The digest of each posting with its entries, for p_after < id <= p_upto.
CREATE FUNCTION program_budgets_digests(p_after bigint, p_upto bigint)
RETURNS TABLE (posting_id bigint, program_id bigint, digest bytea)
LANGUAGE sql STABLE AS $$
    SELECT posting.id, posting.program_id,
           sha256(convert_to(
               program_budgets_posting_text(posting) || coalesce(lines.text, ''), 'UTF8'))
        FROM program_budgets_posting posting
        LEFT JOIN (
            SELECT entry.posting_id,
                   string_agg(program_budgets_entry_text(entry), '' ORDER BY entry.id) AS text
                FROM program_budgets_entry entry
                WHERE entry.posting_id > p_after AND entry.posting_id <= p_upto
                GROUP BY entry.posting_id
        ) lines ON lines.posting_id = posting.id
        WHERE posting.id > p_after AND posting.id <= p_upto
$$;

-- The digest of a seal: of all its columns but itself, the previous seal's digest among them.
CREATE FUNCTION program_budgets_seal_digest(p_seal program_budgets_seal) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(
        convert_to(
            concat_ws('|',
                encode(p_seal.previous, 'hex'),
                coalesce(p_seal.program_id::text, ''),
                p_seal.number,
                p_seal.last_posting_id,
                program_budgets_microseconds(p_seal.sealed_at),
                ''
            ),
            'UTF8')
        || array_send(p_seal.posting_ids)
        || array_send(p_seal.digests))
$$;

-- The last seal of a program, or of the postings of none.
CREATE FUNCTION program_budgets_head(p_program bigint) RETURNS SETOF program_budgets_seal
LANGUAGE sql STABLE AS $$
    (SELECT * FROM program_budgets_seal
        WHERE program_id = p_program ORDER BY number DESC LIMIT 1)
    UNION ALL
    (SELECT * FROM program_budgets_seal
        WHERE p_program IS NULL AND program_id IS NULL ORDER BY number DESC LIMIT 1)
$$;

-- The transactions in which a posting may be under way. Each has taken the postings' lock before
-- it drew its posting's id, and keeps it until what it wrote can be seen.
CREATE FUNCTION program_budgets_under_way() RETURNS SETOF text
LANGUAGE sql AS $$
    SELECT virtualtransaction FROM pg_locks
        WHERE locktype = 'advisory' AND granted
          AND classid = 0 AND objid = 7024002 AND objsubid = 1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND pid IS DISTINCT FROM pg_backend_pid()
$$;

-- Seal the next p_postings postings up to id p_upto, those of all programs, in blocks of at most
-- p_block; returns how many there were, and NULL while another sealer is at work. The caller knows
-- that no posting up to p_upto is under way. All programs' seals are written in one transaction:
-- therefore everything up to the last posting of any seal is sealed.
CREATE FUNCTION program_budgets_seal_next(
    p_upto bigint, p_postings bigint, p_block bigint, p_at timestamptz
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_sealed bigint;
    v_upto bigint;
    v_count bigint := 0;
    v_head program_budgets_seal;
    v_seal program_budgets_seal;
BEGIN
    PERFORM program_budgets_require_read_committed();
    IF NOT pg_try_advisory_xact_lock(7024003) THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(max(last_posting_id), 0) INTO v_sealed FROM program_budgets_seal;
    SELECT max(id) INTO v_upto FROM (
        SELECT id FROM program_budgets_posting
            WHERE id > v_sealed AND id <= p_upto
            ORDER BY id LIMIT p_postings
    ) batch;
    FOR v_seal.program_id, v_seal.posting_ids, v_seal.digests IN
        SELECT program_id, array_agg(posting_id ORDER BY posting_id),
               array_agg(digest ORDER BY posting_id)
            FROM (
                SELECT *, (row_number() OVER (
                           PARTITION BY program_id ORDER BY posting_id) - 1) / p_block AS block
                    FROM program_budgets_digests(v_sealed, v_upto)
            ) placed
            GROUP BY program_id, block
            ORDER BY program_id, block
    LOOP
        SELECT * INTO v_head FROM program_budgets_head(v_seal.program_id);
        v_seal.number := coalesce(v_head.number, 0) + 1;
        v_seal.previous := coalesce(v_head.digest, '');
        v_seal.last_posting_id := v_seal.posting_ids[cardinality(v_seal.posting_ids)];
        v_seal.sealed_at := p_at;
        INSERT INTO program_budgets_seal
            (program_id, number, posting_ids, last_posting_id, digests, previous, digest, sealed_at)
        VALUES
            (v_seal.program_id, v_seal.number, v_seal.posting_ids, v_seal.last_posting_id,
             v_seal.digests, v_seal.previous, program_budgets_seal_digest(v_seal),
             v_seal.sealed_at);
        v_count := v_count + cardinality(v_seal.posting_ids);
    END LOOP;
    RETURN v_count;
END
$$;

-- Digests don't compress: store them as they are.
ALTER TABLE program_budgets_seal ALTER COLUMN digests SET STORAGE EXTERNAL;

CREATE TRIGGER program_budgets_append_only
    BEFORE UPDATE OR DELETE ON program_budgets_seal
    FOR EACH ROW EXECUTE FUNCTION program_budgets_refuse_change();
CREATE TRIGGER program_budgets_no_truncate
    BEFORE TRUNCATE ON program_budgets_seal
    FOR EACH STATEMENT EXECUTE FUNCTION program_budgets_refuse_change();
