DROP FUNCTION program_budgets_unrefund(program_budgets_posting);
DROP FUNCTION program_budgets_mirror_ceiling(program_budgets_posting);
DROP FUNCTION program_budgets_make_room_for(program_budgets_change[], timestamptz);
DROP FUNCTION program_budgets_mirror(program_budgets_posting, program_budgets_hold);
DROP FUNCTION program_budgets_lock_touched(bigint, bigint[], timestamptz);
DROP FUNCTION program_budgets_reverse(jsonb, text);
