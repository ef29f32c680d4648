"""The safety lines of credit judgement: what counts where something is missing or small."""

from tests.mutants.mutant import Mutant

DOMAIN = "tests/unit/scoring/domain"
FAIL_CLOSED = f"{DOMAIN}/test_fail_closed.py"
SCORING = "services/scoring/domain"

LINES = (
    Mutant(
        "no-rate-counts-as-material",
        "arrears without an exchange rate count as material at a day close",
        f"{SCORING}/arrears/counters.py",
        "    return bool(lacks_a_rate) and exposure.is_untested(borrower, rules, day)\n",
        "    return False\n",
        (FAIL_CLOSED,),
    ),
    Mutant(
        "no-rate-counts-as-material-in-a-recount",
        "arrears without an exchange rate count as material when days are derived again",
        f"{SCORING}/arrears/totals.py",
        "        return self._untested > 0 or self._exceeds(day, self._past_due)\n",
        "        return self._exceeds(day, self._past_due)\n",
        (FAIL_CLOSED,),
    ),
    Mutant(
        "no-threshold-counts-as-material",
        "without an absolute threshold every amount above the tolerance is material",
        f"{SCORING}/arrears/exposure.py",
        "        return arrears > rules.tolerance.minor(currency, 0)\n",
        "        return False\n",
        (FAIL_CLOSED,),
    ),
    Mutant(
        "hard-rules-go-by-the-fallback",
        "a hard rule on an unmeasurable figure goes by the strictest measurable one",
        f"{SCORING}/assess/entry_rules.py",
        "    return signals.status[slot] == MEASURED or signals.value[slot] != 0\n",
        "    return signals.status[slot] == MEASURED\n",
        (FAIL_CLOSED,),
    ),
    Mutant(
        "a-line-without-booking-is-a-loan",
        "a line known by its balance alone has days past due",
        f"{SCORING}/indicators/repayment_arrears.py",
        "    if not borrower.loans and not borrower.facilities:\n"
        "        return not_applicable()\n"
        "    days =",
        "    if not borrower.loans:\n        return not_applicable()\n    days =",
        (FAIL_CLOSED,),
    ),
    Mutant(
        "reported-months-are-days",
        "months past due that a card system reports lead to default",
        f"{SCORING}/arrears/counters.py",
        "    return max(material_run(borrower, day, rules), reported)\n",
        "    return material_run(borrower, day, rules)\n",
        (FAIL_CLOSED,),
    ),
    Mutant(
        "small-arrears-count-no-days",
        "what is too little to count leads to no state and no backstop",
        f"{SCORING}/arrears/counters.py",
        "        return is_suspended, counters.counting_closes if is_suspended else 0\n",
        "        return is_suspended, counters.counting_closes + 1\n",
        (f"{DOMAIN}/test_small_arrears.py",),
    ),
    Mutant(
        "small-share-of-an-instalment",
        "a small share of the oldest unpaid instalment does not count",
        f"{SCORING}/arrears/days_past_due.py",
        "    return past_due(loan, day) * MICRO > due_of(*oldest) * share\n",
        "    return past_due(loan, day) * MICRO > share\n",
        (f"{DOMAIN}/test_small_arrears.py",),
    ),
    Mutant(
        "micro-loans-are-not-silenced",
        "the lower of amount and share of exposure decides",
        f"{SCORING}/rulebook/rulebook.py",
        "        return arrears > absolute or arrears",
        "        return arrears > absolute and arrears",
        (f"{DOMAIN}/test_small_arrears.py",),
    ),
    Mutant(
        "a-fact-counts-once",
        "of the signals of one fact only the strongest counts",
        f"{SCORING}/assess/score.py",
        "            if contribution[slot] > strongest and slot not in repeated:\n",
        "            if contribution[slot] > strongest:\n",
        (f"{DOMAIN}/test_facts.py",),
    ),
    Mutant(
        "a-fact-corroborates-nothing-but-itself",
        "two families corroborate each other only with facts of their own",
        f"{SCORING}/assess/facts.py",
        "        if left:\n            covered.add(min(left))\n",
        "        covered |= left\n",
        (f"{DOMAIN}/test_facts.py",),
    ),
    Mutant(
        "old-statements-say-nothing",
        "figures of a statement older than 18 months are unmeasurable",
        f"{SCORING}/indicators/from_statements.py",
        "            if is_stale(borrower, as_of, rules):\n",
        "            if not as_of:\n",
        (f"{DOMAIN}/test_statement_age.py",),
    ),
    Mutant(
        "staleness-relaxes-nothing",
        "no state is left for a better one because figures went missing",
        f"{SCORING}/assess/exit_rules.py",
        "    return not is_stale, 0, 0, 0\n",
        "    return True, 0, 0, 0\n",
        (f"{DOMAIN}/test_statement_age.py",),
    ),
    Mutant(
        "baselines-do-not-forget",
        "a fall that lasts does not become usual while its signal is lit",
        f"{SCORING}/indicators/lit.py",
        "    return risk.bases[risk.base_slots.index(slot)]\n",
        "    return base\n",
        (f"{DOMAIN}/test_lit_signals.py",),
    ),
    Mutant(
        "unpaid-is-uncovered",
        "A-14 stays lit until the instalment is paid",
        f"{SCORING}/indicators/account_liquidity.py",
        "    return held if is_open_still else None\n",
        "    return None\n",
        (f"{DOMAIN}/test_lit_signals.py",),
    ),
)
