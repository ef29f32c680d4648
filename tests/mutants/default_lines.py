"""The safety lines of default: what begins it, what does not end it, what proves a cure."""

from tests.mutants.mutant import Mutant

RECORD = "tests/unit/scoring/domain/test_default_record.py"
DECISIONS = "tests/unit/scoring/domain/test_decisions.py"
LOSSES = "tests/unit/scoring/domain/test_losses.py"
REGIMES = "tests/unit/scoring/domain/test_regimes.py"
EXTINCTION = "services/scoring/domain/arrears/extinction.py"

LINES = (
    Mutant(
        "only-cash-proves",
        "money of a guarantor, an insurer, collateral or set-off proves no cure",
        EXTINCTION,
        "        if loan.paid_keys[index] not in non_cash:\n",
        "        if True:\n",
        (RECORD,),
    ),
    Mutant(
        "moved-dues-are-unpaid",
        "a schedule that moves what is unpaid ends no default",
        EXTINCTION,
        "            rows.append((past.until_day, 1, moved(loan, past)))\n",
        "            pass\n",
        (RECORD,),
    ),
    Mutant(
        "own-draw-is-no-cash",
        "arrears that an own loan or draw paid are not paid",
        "services/scoring/domain/handlers/measures.py",
        "                loan.non_cash += [key, DRAWN]\n",
        "                pass\n",
        (RECORD,),
    ),
    Mutant(
        "own-loan-money-is-no-cash",
        "arrears that money of an own loan on an account paid are not paid",
        "services/scoring/domain/handlers/measures.py",
        "    near = max(drawn, series.total(borrower.drawdowns.received, first, last))\n",
        "    near = drawn\n",
        (RECORD,),
    ),
    Mutant(
        "mistaken-draws-refinance-nothing",
        "a draw that is taken back refinanced nothing",
        "services/scoring/domain/handlers/measures.py",
        "            elif forget_non_cash(loan, key, only=DRAWN):\n",
        "            elif False:\n",
        (RECORD,),
    ),
    Mutant(
        "mistaken-raises-are-no-concession",
        "a limit that was never raised is no concession",
        "services/scoring/domain/handlers/measures.py",
        "            line.raises.remove(known)\n",
        "            pass\n",
        (RECORD,),
    ),
    Mutant(
        "mistaken-ends-leave-no-default",
        "a default is over when all its grounds were taken back",
        "services/scoring/domain/regimes/life_cycle.py",
        "    is_lost = is_correction and record.since > 0 and not _grounds_left(borrower)\n",
        "    is_lost = False\n",
        (RECORD,),
    ),
    Mutant(
        "lost-disputes-suspend-nothing",
        "a dispute that was rejected or withdrawn suspended no day",
        "services/scoring/domain/handlers/loans.py",
        "        exclusion.until_day = exclusion.from_day  # it was owed on those days too\n",
        "        exclusion.until_day = event.day\n",
        ("tests/unit/scoring/domain/test_counting_traps.py",),
    ),
    Mutant(
        "forgotten-days-stay-counted",
        "a count loses no day of which the use of a line is no longer kept",
        "services/scoring/domain/arrears/counters.py",
        "    return last, max(0, min(most, counted - (through - last)))\n",
        "    return last, 0\n",
        ("tests/unit/scoring/domain/test_days_past_due.py",),
    ),
    Mutant(
        "paper-dated-back-ends-no-default",
        "an end or a higher limit that is dated back takes no default back",
        "services/scoring/domain/fold.py",
        "    if isinstance(event, LoanClosed | LimitChanged):\n",
        "    if isinstance(event, ()):\n",
        (RECORD,),
    ),
    Mutant(
        "refinanced-facilities-stay-in-default",
        "the loan that refinances a facility takes its default over",
        "services/scoring/domain/regimes/facility_default.py",
        "        loan = by_id.get(_successor(borrower, loan))\n",
        "        loan = None\n",
        (REGIMES,),
    ),
    Mutant(
        "facilities-prove-by-cash",
        "a facility is cured once cash equals what was extinguished without it",
        "services/scoring/domain/regimes/facility_default.py",
        "    return not unproven_of_loans(borrower, proving, default.since, day)\n",
        "    return True\n",
        (REGIMES,),
    ),
    Mutant(
        "exposure-ends-no-default",
        "a growing exposure makes no arrears of a default immaterial",
        "services/scoring/domain/regimes/life_cycle.py",
        "    lent = min(exposure.total_exposure(borrower, day), record.exposure_minor)\n",
        "    lent = exposure.total_exposure(borrower, day)\n",
        (RECORD,),
    ),
    Mutant(
        "cure-needs-a-person",
        "no label is cured before somebody found the borrower able to pay",
        "services/scoring/domain/assess/states.py",
        "    if is_over and inputs.is_able and is_binding(inputs.rules):\n",
        "    if is_over and is_binding(inputs.rules):\n",
        (REGIMES,),
    ),
    Mutant(
        "tightening-never-lapses",
        "a default does not end because nobody came back to its decision",
        "services/scoring/domain/borrower/decisions.py",
        "        has_lapsed = 0 < self.until_day <= day and not self.is_tightening\n",
        "        has_lapsed = 0 < self.until_day <= day\n",
        (DECISIONS,),
    ),
    Mutant(
        "open-claim-is-no-end",
        "a borrower whose written-off claim is open is not closed",
        "services/scoring/domain/assess/state_inputs.py",
        "        if loan.closed_day is None or loan.closed_day > as_of or loan.has_open_claim:\n",
        "        if loan.closed_day is None or loan.closed_day > as_of:\n",
        (LOSSES,),
    ),
)
