-- Totals and the changes that wait are what limits, members, entries and refusals sum up to.
WITH kept AS (
    SELECT program_id, NULL::bigint AS cycle_id, account_id, unit, NULL::date AS on_date, 'stock' AS of,
           ARRAY[remaining, held, members, spenders, overspent] AS figures
        FROM program_budgets_accounttotal
    UNION ALL
    SELECT program_id, cycle_id, account_id, unit, NULL, 'cycle',
           ARRAY[granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals]
        FROM program_budgets_cycletotal
    UNION ALL
    SELECT program_id, NULL, account_id, unit, on_date, 'account and day',
           ARRAY[granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals]
        FROM program_budgets_accountday
    UNION ALL
    SELECT program_id, NULL, account_id, unit, week_of, 'account and week',
           ARRAY[granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals]
        FROM program_budgets_accountweek
    UNION ALL
    SELECT program_id, NULL, NULL, unit, on_date, 'day',
           ARRAY[granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals]
        FROM program_budgets_daytotal
), source AS MATERIALIZED (
    SELECT 'ledger' AS side, ledger.* FROM program_budgets_figures_from_ledger(NULL) ledger
    UNION ALL
    SELECT 'kept', program_id, cycle_id, account_id, unit, on_date, remaining, held, members,
           spenders, overspent, granted, redeemed, refunded, lapsed, withdrawn, redemptions,
           refusals, limits
        FROM program_budgets_figurechange
), compared AS (
    SELECT 'kept' AS side, kept.* FROM kept
    UNION ALL
    SELECT side, program_id, NULL, account_id, unit, NULL, 'stock',
           ARRAY[remaining, held, members, spenders, overspent]
        FROM source WHERE program_id IS NOT NULL
    UNION ALL
    SELECT side, program_id, line.cycle_id, line.account_id, unit, line.on_date, line.of,
           ARRAY[granted, redeemed, refunded, lapsed, withdrawn, redemptions, refusals]
        FROM source
        CROSS JOIN LATERAL (VALUES
            (cycle_id, account_id, NULL, 'cycle'), (NULL, account_id, on_date, 'account and day'),
            (NULL, account_id, date_trunc('week', on_date)::date, 'account and week'),
            (NULL, NULL, on_date, 'day')
        ) line (cycle_id, account_id, on_date, of)
        WHERE program_id IS NOT NULL AND source.on_date IS NOT NULL
), summed AS (
    SELECT of, program_id, cycle_id, account_id, unit, on_date, place,
           coalesce(sum(figure) FILTER (WHERE side = 'ledger'), 0) AS expected,
           coalesce(sum(figure) FILTER (WHERE side = 'kept'), 0) AS found
        FROM compared CROSS JOIN LATERAL unnest(figures) WITH ORDINALITY each (figure, place)
        GROUP BY of, program_id, cycle_id, account_id, unit, on_date, place
)
SELECT concat_ws(', ', of || ' of program ' || program_id, 'cycle ' || cycle_id,
                 'account ' || account_id, on_date, unit),
       string_agg(expected::text, ', ' ORDER BY place), string_agg(found::text, ', ' ORDER BY place)
    FROM summed
    GROUP BY of, program_id, cycle_id, account_id, unit, on_date
    HAVING bool_or(expected <> found)
    ORDER BY 1
