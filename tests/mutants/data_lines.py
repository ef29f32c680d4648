"""The safety lines of what a 202 promises: bounds at the door, carried work behind it."""

from tests.mutants.mutant import Mutant

TORTURE = "tests/property/test_data_torture.py"
WORK = "tests/property/scoring/test_bounded_work.py"
GUARD = "tests/unit/ingest/domain/test_time_guard.py"
GATE = "tests/unit/ingest/application/test_time_gate.py"

LINES = (
    Mutant(
        "integers-beyond-64-bits",
        "a sum that MessagePack cannot write stops no partition",
        "services/scoring/adapters/state_bytes.py",
        "        return _encode(_with_wide_integers(value))\n",
        "        raise\n",
        (TORTURE,),
    ),
    Mutant(
        "corrections-by-type",
        "a correction that scoring cannot apply is refused at the door",
        "services/contracts/validation.py",
        "            event.correctionkind in event_type.corrections\n",
        "            True\n",
        (TORTURE,),
    ),
    Mutant(
        "amounts-have-a-currency",
        "an amount without its currency is refused at the door",
        "services/ingest/domain/plausibility.py",
        'if not amounts or "currency" in data:',
        "if True:",
        (TORTURE,),
    ),
    Mutant(
        "no-drills-in-earnest",
        "an event of a drill is refused while there are no drills",
        "services/ingest/application/input_validation.py",
        'if "drillid" in candidate.document:',
        "if False:",
        (TORTURE,),
    ),
    Mutant(
        "moments-in-bounds-in-utc",
        "a moment whose year in UTC is out of bounds is refused",
        "services/contracts/envelope.py",
        "return rfc3339(moment) if is_booked else None",
        "return rfc3339(moment)",
        (TORTURE,),
    ),
    Mutant(
        "nobody-guarantees-for-everybody",
        "a link to `*` would be a control event",
        "services/contracts/fields.py",
        "(?!(\\*|\\.\\.?)\\Z)",
        "",
        (TORTURE,),
    ),
    Mutant(
        "runs-by-stretches",
        "a count of days costs the changes, not the days",
        "services/scoring/domain/arrears/counters.py",
        "        start = max(first, unchanged_since(end))\n",
        "        start = end\n",
        (WORK,),
    ),
    Mutant(
        "stretches-end-at-payments",
        "a stretch of equal days ends where money came",
        "services/scoring/domain/arrears/stretches.py",
        "        _latest(loan.paid_days, day),\n",
        "",
        (WORK,),
    ),
    Mutant(
        "days-without-closes-are-dropped",
        "a line that nobody closes does not grow for ever",
        "services/scoring/domain/arrears/facility_use.py",
        "    forget_before(facility, daily_values.first_read(facility.drawn))\n",
        "",
        (WORK,),
    ),
    Mutant(
        "nothing-ahead-of-its-time",
        "an event whose business day lies ahead is kept out",
        "services/ingest/application/control_gate.py",
        "if refusal is None and not self.times.admits(valid.event):",
        "if False:",
        (GATE,),
    ),
    Mutant(
        "a-load-never-passes-the-wall-clock",
        "the clock of a load of history stops at today",
        "services/ingest/domain/time_guard.py",
        "last = min(today, load.last_close + timedelta(days=DAYS_AFTER_CLOSE))",
        "last = load.last_close + timedelta(days=DAYS_AFTER_CLOSE)",
        (GUARD,),
    ),
    Mutant(
        "no-verdict-by-a-wrong-clock",
        "while the clocks disagree nothing is taken and nothing quarantined",
        "services/ingest/application/time_gate.py",
        "        if self._disagreement:\n",
        "        if False:\n",
        (GATE,),
    ),
    Mutant(
        "closes-of-the-same-request",
        "a load is judged by the closes before the event, those of its request included",
        "services/ingest/application/control_gate.py",
        "            self.times.note_close(event.source, event.data.closed_date)\n",
        "            pass\n",
        (GATE,),
    ),
    Mutant(
        "work-is-bounded",
        "an event that makes a borrower larger than a fold may be is refused",
        "services/scoring/domain/fold.py",
        "        work.check(borrower)\n",
        "        pass\n",
        (WORK,),
    ),
)
