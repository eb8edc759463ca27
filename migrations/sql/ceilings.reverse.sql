DROP FUNCTION program_budgets_count_under(bigint, bigint, bigint, bigint, text);
DROP FUNCTION program_budgets_set_cap(jsonb, text);
DROP FUNCTION program_budgets_raise_cap(jsonb, text);
DROP FUNCTION program_budgets_set_ceiling(jsonb, text);
DROP FUNCTION program_budgets_end_due_raises(jsonb, text);
DROP FUNCTION program_budgets_base_ceiling(bigint);
DROP FUNCTION program_budgets_note_next_end(bigint);
DROP FUNCTION program_budgets_end_raises(bigint, timestamptz);
DROP FUNCTION program_budgets_change_ceiling(bigint, bigint, program_budgets_posting);
