"""What is broken, one place at a time, and the tests that should notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Break:
    """One defect: *text* in *file* becomes *instead*, and *tests* are run."""

    name: str
    file: str
    text: str
    instead: str
    tests: str


BREAKS = (
    Break(
        "a member's balance isn't locked",
        "migrations/sql/posting.sql",
        "ORDER BY lock_rank, id FOR UPDATE",
        "ORDER BY lock_rank, id",
        "tests/concurrency",
    ),
    Break(
        "a cap's share isn't locked",
        "migrations/sql/caps.sql",
        "LIMIT 1\n        FOR UPDATE SKIP LOCKED;",
        "LIMIT 1;",
        "tests/concurrency",
    ),
    Break(
        "a hold isn't locked when it is settled",
        "migrations/sql/settle.sql",
        "WHERE id = p_hold FOR UPDATE;",
        "WHERE id = p_hold;",
        "tests/concurrency",
    ),
    Break(
        "a new cap doesn't wait for postings under way",
        "migrations/sql/ceilings.sql",
        "    PERFORM program_budgets_stop_postings();\n",
        "",
        "tests/concurrency",
    ),
    Break(
        "never-expiring lots are used first",
        "migrations/sql/hold.sql",
        "ORDER BY expires_at NULLS LAST",
        "ORDER BY expires_at NULLS FIRST",
        "tests/examples",
    ),
    Break(
        "a refund goes back to the lot consumed first",
        "migrations/sql/settle.sql",
        "WHEN 'capture' THEN position ELSE -position END",
        "WHEN 'capture' THEN position ELSE position END",
        "tests/examples",
    ),
    Break(
        "a limit may be overspent",
        "migrations/sql/storage.sql",
        "-- Keys are looked up whole",
        "ALTER TABLE program_budgets_limit DROP CONSTRAINT limit_not_overspent;\n-- Keys",
        "tests/core/ledger",
    ),
    Break(
        "a lot can still be used at the instant it lapses",
        "migrations/sql/hold.sql",
        "expires_at IS NULL OR expires_at > p_at",
        "expires_at IS NULL OR expires_at >= p_at",
        "tests/core/ledger",
    ),
    Break(
        "a hold expires an instant late",
        "migrations/sql/settle.sql",
        "v_hold.expires_at > v_at",
        "v_hold.expires_at >= v_at",
        "tests/core/ledger",
    ),
    Break(
        "a temporary raise is relied on at the instant it ends",
        "migrations/sql/caps.sql",
        "p_share.raise_ends_at > p_at",
        "p_share.raise_ends_at >= p_at",
        "tests/examples",
    ),
    Break(
        "what a lapsed lot gets back stays available",
        "migrations/sql/settle.sql",
        "WHEN v_pin.is_lapsed AND v_kind <> 'capture' THEN v_pin.take - v_renewed ELSE 0 END",
        "WHEN false THEN v_pin.take - v_renewed ELSE 0 END",
        "tests/examples",
    ),
    Break(
        "a refund restores the cap of a closed cycle",
        "migrations/sql/settle.sql",
        "AND (v_kind <> 'refund' OR share.is_open)",
        "",
        "tests/core/ledger",
    ),
    Break(
        "a cent too much passes under a cap as a whole",
        "migrations/sql/hold.sql",
        "WHERE program_budgets_free(cap.id) < cap.asked",
        "WHERE program_budgets_free(cap.id) < cap.asked - 1",
        "tests/examples",
    ),
    Break(
        "a repeated settlement is carried out again",
        "migrations/sql/settle.sql",
        "v_answer := program_budgets_replay(p_request ->> 'key', p_fingerprint);",
        "v_answer := NULL;",
        "tests/core/ledger",
    ),
    Break(
        "a key may serve another amount",
        "saleor_program_budgets/ledger/database.py",
        '        "actor",\n        "at",\n',
        '        "actor",\n        "amount",\n        "at",\n',
        "tests/core/ledger",
    ),
    Break(
        "entries can be changed",
        "migrations/sql/journal_guard.sql",
        "BEFORE UPDATE OR DELETE ON program_budgets_entry",
        "BEFORE DELETE ON program_budgets_entry",
        "tests/core/ledger",
    ),
    Break(
        "a reversed refund makes no room in its share",
        "migrations/sql/reversal.sql",
        "            PERFORM program_budgets_make_room_for(v_changes, v_at);\n",
        "",
        "tests/core/ledger",
    ),
    Break(
        "a code isn't locked when it is redeemed",
        "saleor_program_budgets/codes/redemption.py",
        'RedemptionCode.objects.select_for_update(of=("self",))\n        .select_related("member")',
        'RedemptionCode.objects.all()\n        .select_related("member")',
        "tests/concurrency/test_codes.py",
    ),
    Break(
        "a code works for anybody",
        "saleor_program_budgets/codes/redemption.py",
        "    if caller.user_id != found.member.user_id:\n        return Reason.NOT_YOURS\n",
        "",
        "tests/core/codes",
    ),
    Break(
        "wrong tries are counted anew each time",
        "saleor_program_budgets/codes/throttle.py",
        "tries = cache.incr(key)",
        "tries = cache.get(key)",
        "tests/core/codes",
    ),
    Break(
        "figures of a move don't wait for a purchase under way",
        "migrations/sql/figures.sql",
        "PERFORM program_budgets_lock(v_limits)",
        "PERFORM cardinality(v_limits)",
        "tests/concurrency/test_figures.py",
    ),
    Break(
        "what has lapsed remains until the job comes",
        "saleor_program_budgets/figures/sql/cells.sql",
        "WHERE lot.has_left AND lot.expires_at <= %(at)s",
        "WHERE lot.has_left AND lot.expires_at <= %(at)s AND false",
        "tests/core/figures",
    ),
    Break(
        "a period forgets the days around its weeks",
        "saleor_program_budgets/figures/weeks.py",
        "_days(since, first) + _days(end, after)",
        "()",
        "tests/core/figures",
    ),
)
