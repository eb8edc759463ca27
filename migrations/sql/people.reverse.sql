ALTER TABLE program_budgets_importline RESET (fillfactor);
ALTER TABLE program_budgets_person RESET (fillfactor);
DROP TRIGGER program_budgets_no_truncate ON program_budgets_peoplechange;
DROP TRIGGER program_budgets_append_only ON program_budgets_peoplechange;
