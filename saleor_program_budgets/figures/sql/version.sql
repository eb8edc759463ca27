-- How many changes there have ever been: those that are folded, and those that wait.
SELECT (SELECT count(*) FROM program_budgets_figurechange)
       + coalesce((SELECT sum(folded) FROM program_budgets_figurefold), 0)
