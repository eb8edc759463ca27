-- Every seal continues the one before it in its program, and its digest is that of what it says.
SELECT 'seal ' || concat_ws(' of program ', number, program_id), rule.expected, rule.found
    FROM (
        SELECT number, program_id, last_posting_id, posting_ids[1] AS first_posting_id,
               posting_ids[cardinality(posting_ids)] AS last_listed_id, previous, digest,
               program_budgets_seal_digest(seal) AS recomputed,
               coalesce(lag(number) OVER chain, 0) AS number_before,
               coalesce(lag(last_posting_id) OVER chain, 0) AS posting_before,
               coalesce(lag(digest) OVER chain, '') AS digest_before
            FROM program_budgets_seal seal
            WINDOW chain AS (PARTITION BY program_id ORDER BY number)
    ) seal
    CROSS JOIN LATERAL (VALUES
        (1, 'to follow number ' || number - 1, 'it follows ' || number_before,
         number = number_before + 1),
        (2, 'previous ' || encode(digest_before, 'hex'), encode(previous, 'hex'),
         previous = digest_before),
        (3, 'digest ' || encode(recomputed, 'hex'), encode(digest, 'hex'), digest = recomputed),
        (4, 'postings after ' || posting_before, first_posting_id::text,
         first_posting_id > posting_before),
        (5, 'last posting ' || last_listed_id, last_posting_id::text,
         last_posting_id = last_listed_id)
    ) rule (place, expected, found, holds)
    WHERE rule.holds IS NOT TRUE
    ORDER BY seal.last_posting_id, rule.place
