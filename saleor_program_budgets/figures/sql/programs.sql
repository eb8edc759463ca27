-- The programs that are asked for, each with its open cycle, and the version of all figures.
SELECT program.id, program.name, program.currency, program.time_zone, cycle.id, cycle.number,
       cycle.starts_at, cycle.ends_at,
       (SELECT count(*) FROM program_budgets_figurechange)
       + coalesce((SELECT sum(folded) FROM program_budgets_figurefold), 0)
    FROM (SELECT 1) always
    LEFT JOIN program_budgets_program program
        ON %(programs)s::bigint[] IS NULL OR program.id = ANY (%(programs)s)
    LEFT JOIN program_budgets_cycle cycle
        ON cycle.program_id = program.id AND cycle.closed_at IS NULL
    ORDER BY program.name, program.id
