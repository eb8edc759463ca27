-- What is sealed is as it was sealed: nothing altered, nothing missing, nothing slipped in. Read
-- in ranges of ids that end where a seal ends: only digests are kept until all is read.
WITH range AS (
    SELECT coalesce(lag(upto) OVER (ORDER BY upto), -9223372036854775808) AS after, upto
        FROM (
            SELECT max(last_posting_id) AS upto
                FROM program_budgets_seal GROUP BY last_posting_id / 2000
        ) ends
), sealed AS (
    SELECT seal.program_id, seal.number, line.posting_id, line.digest
        FROM program_budgets_seal seal
        CROSS JOIN unnest(seal.posting_ids, seal.digests) line (posting_id, digest)
), found AS MATERIALIZED (
    SELECT recomputed.* FROM range CROSS JOIN program_budgets_digests(after, upto) recomputed
)
SELECT 'posting ' || coalesce(sealed.posting_id, found.posting_id),
       CASE WHEN sealed.posting_id IS NULL THEN 'to be in a seal'
            ELSE 'digest ' || encode(sealed.digest, 'hex') || ' of seal '
                || concat_ws(' of program ', sealed.number, sealed.program_id) END,
       CASE WHEN found.posting_id IS NULL THEN 'no such posting'
            WHEN sealed.posting_id IS NULL THEN 'slipped in among what is sealed'
            ELSE 'digest ' || encode(found.digest, 'hex') END
    FROM sealed
    FULL JOIN found ON found.posting_id = sealed.posting_id
    WHERE sealed.digest IS DISTINCT FROM found.digest
    ORDER BY coalesce(sealed.posting_id, found.posting_id)
