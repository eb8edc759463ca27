-- Copies of the first entries: one table as it is, and parted by id and by month. A month needs a
-- time, which an entry has of its posting only, and which then has to be in every unique index.
CREATE TABLE bench_whole (LIKE program_budgets_entry INCLUDING INDEXES INCLUDING DEFAULTS);
ALTER TABLE bench_whole ADD COLUMN at timestamptz;

CREATE TABLE bench_by_id (LIKE bench_whole) PARTITION BY RANGE (id);
ALTER TABLE bench_by_id ADD PRIMARY KEY (id);
CREATE INDEX ON bench_by_id (posting_id);
CREATE INDEX ON bench_by_id (limit_id, id);

CREATE TABLE bench_by_month (LIKE bench_whole) PARTITION BY RANGE (at);
ALTER TABLE bench_by_month ADD PRIMARY KEY (id, at);
CREATE INDEX ON bench_by_month (posting_id);
CREATE INDEX ON bench_by_month (limit_id, id);

DO $$
DECLARE
    v_last constant bigint := {entries} + (SELECT min(id) FROM program_budgets_entry);
    v_size constant bigint := {entries} / 9;
    v_days constant int := greatest({entries} / 12 / 2880 / 9, 1);
BEGIN
    FOR number IN 0 .. 11 LOOP
        EXECUTE format('CREATE TABLE bench_by_id_%s PARTITION OF bench_by_id'
            ' FOR VALUES FROM (%s) TO (%s)', number,
            CASE number WHEN 0 THEN 'MINVALUE' ELSE (number * v_size)::text END,
            CASE number WHEN 11 THEN 'MAXVALUE' ELSE ((number + 1) * v_size)::text END);
        EXECUTE format('CREATE TABLE bench_by_month_%s PARTITION OF bench_by_month'
            ' FOR VALUES FROM (%s) TO (%s)', number,
            CASE number WHEN 0 THEN 'MINVALUE'
                ELSE quote_literal(timestamptz '2026-01-05Z' + number * v_days * interval '1 day') END,
            CASE number WHEN 11 THEN 'MAXVALUE'
                ELSE quote_literal(timestamptz '2026-01-05Z' + (number + 1) * v_days * interval '1 day')
            END);
    END LOOP;
    INSERT INTO bench_whole
        (id, bucket, amount, balance_before, balance_after, limit_id, lot_id, posting_id, at)
    SELECT entry.id, bucket, entry.amount, balance_before, balance_after, limit_id, lot_id,
           posting_id, posting.at
        FROM program_budgets_entry entry JOIN program_budgets_posting posting ON posting.id = posting_id
        WHERE entry.id < v_last ORDER BY entry.id;
    INSERT INTO bench_by_id SELECT * FROM bench_whole;
    INSERT INTO bench_by_month SELECT * FROM bench_whole;
END
$$;
