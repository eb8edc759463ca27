DROP FUNCTION program_budgets_hold_state(program_budgets_hold, bigint, bigint, bigint);
DROP FUNCTION program_budgets_carried_lot(bigint, bigint);
DROP FUNCTION program_budgets_carry_later(bigint, bigint);
DROP FUNCTION program_budgets_renew_lot(bigint, jsonb, jsonb);
DROP FUNCTION program_budgets_settle(jsonb, text);
DROP FUNCTION program_budgets_choose_pins(uuid, text, bigint, bigint, timestamptz, boolean);
DROP FUNCTION program_budgets_lock_hold(uuid);
DROP FUNCTION program_budgets_head_of_hold(program_budgets_hold, text, bigint, bigint, jsonb);
