"""The test of each rule of counting days (4.4) and of each trap of event order (4.5)."""

from dataclasses import dataclass

UNIT = "tests/unit/scoring/domain"
DAYS = f"{UNIT}/test_days_past_due.py"
TRAPS = f"{UNIT}/test_counting_traps.py"
ORDER = f"{UNIT}/test_event_order.py"
REGIMES = f"{UNIT}/test_regimes.py"
READING = "tests/integration/scoring/test_borrower_queries.py"
CLOSES = "tests/property/scoring/test_closing_paths.py"
HISTORIES = "tests/property/scoring/test_histories.py"


@dataclass(frozen=True)
class Proved:
    """A rule in words and its tests, as (file, test)."""

    section: str
    rule: str
    tests: tuple[tuple[str, str], ...]


def _counting(rule: str, *tests: tuple[str, str]) -> Proved:
    return Proved("4.4 Rules of counting", rule, tests)


def _trap(rule: str, *tests: tuple[str, str]) -> Proved:
    return Proved("4.5 Traps of event order", rule, tests)


RULES = (
    _counting(
        "1 Past due is any principal, interest or fee unpaid at its due date",
        (DAYS, "test_an_instalment_not_yet_due_does_not_count"),
        (ORDER, "test_a_fee_alone_that_is_unpaid_is_past_due"),
    ),
    _counting(
        "2 Operational days: from the oldest instalment unpaid beyond the tolerance",
        (DAYS, "test_exclusive_counts_elapsed_days"),
        (DAYS, "test_the_tolerance_is_the_larger_of_one_euro_and_a_thousandth"),
        (DAYS, "test_the_worst_loan_speaks_for_the_borrower"),
    ),
    _counting(
        "3 Oldest instalment first; inside it fees, interest, principal, or as the contract says",
        (DAYS, "test_money_goes_to_the_oldest_instalment_first"),
        (TRAPS, "test_the_contract_orders_what_a_part_payment_pays_inside_an_instalment"),
        (TRAPS, "test_principal_outstanding_follows_the_contract"),
    ),
    _counting(
        "4 A part payment resets no clock; payment in full moves it to the next instalment",
        (DAYS, "test_a_partial_payment_does_not_stop_the_clock"),
        (DAYS, "test_money_goes_to_the_oldest_instalment_first"),
    ),
    _counting(
        "5 EXCLUSIVE and INCLUSIVE_DAY_END",
        (DAYS, "test_exclusive_counts_elapsed_days"),
        (DAYS, "test_inclusive_counts_day_ends"),
        (REGIMES, "test_the_indian_class_at_the_end_of_each_day"),
    ),
    _counting(
        "6 Regulatory days: closes in a row with arrears above both thresholds; default above 90",
        (DAYS, "test_regulatory_counts_material_day_closes"),
        (DAYS, "test_materiality_needs_both_thresholds"),
        (DAYS, "test_default_is_first_true_on_30_june"),
        (DAYS, "test_a_back_dated_part_payment_restarts_only_the_material_run"),
    ),
    _counting(
        "7 180 days are no default of this product",
        (REGIMES, "test_more_than_ninety_material_days"),
    ),
    _counting(
        "8 Overdrafts: an excess, a limit advised below drawings, drawing without authority",
        (DAYS, "test_an_excess_over_the_limit_is_past_due_from_the_next_day"),
        (DAYS, "test_a_limit_cut_below_the_drawings_starts_the_clock"),
        (TRAPS, "test_drawing_without_authority_is_past_due_from_the_next_day"),
        (TRAPS, "test_drawing_power_below_the_limit_is_what_may_be_drawn"),
        (TRAPS, "test_an_excess_that_was_covered_for_a_day_starts_again"),
    ),
    _counting(
        "9 Cards: from the due date of the least payment",
        (TRAPS, "test_a_card_counts_from_the_due_date_of_its_least_payment"),
    ),
    _counting(
        "10 A changed schedule counts from its date; the old count stays in history",
        (DAYS, "test_a_changed_schedule_counts_on_the_new_dates_and_keeps_the_old_history"),
        (TRAPS, "test_a_contractual_deferral_is_no_arrears_and_no_concession"),
        (TRAPS, "test_arrears_that_the_new_schedule_carries_go_on"),
    ),
    _counting(
        "11 A formal dispute holds the count and is flagged",
        (TRAPS, "test_an_open_dispute_stops_the_regulatory_count"),
        (TRAPS, "test_a_disputed_rest_is_no_arrears_and_is_flagged"),
        (TRAPS, "test_a_dispute_that_was_upheld_was_never_owed"),
    ),
    _counting(
        "12 Technical past due is excluded with reason and approver; slips of 7 days",
        (TRAPS, "test_an_approved_technical_situation_takes_the_arrears_away_from_its_first_day"),
        (TRAPS, "test_one_person_excuses_nothing"),
        (TRAPS, "test_a_payment_late_by_a_slip_of_the_bank_counts_as_on_time_within_a_week"),
    ),
    _counting(
        "13 Days off count; a due date on one moves by the contract's calendar",
        (TRAPS, "test_days_off_in_between_are_counted"),
        (TRAPS, "test_a_due_date_on_a_day_off_moves_to_the_next_business_day"),
        (TRAPS, "test_a_loan_without_a_known_calendar_counts_from_the_contractual_day"),
    ),
    _counting(
        "14 Retail may be counted facility by facility",
        (REGIMES, "test_one_small_facility_in_default_does_not_default_the_obligor"),
        (REGIMES, "test_others_than_retail_are_counted_as_obligors"),
    ),
    _counting(
        "15 Joint obligors default by rule only",
        (REGIMES, "test_a_joint_obligation_in_default_is_watched_and_defaults_no_member"),
        (REGIMES, "test_the_joint_obligation_is_in_default_when_all_members_are"),
    ),
    _counting(
        "16 Pulling effect; a fifth of all debt late elsewhere",
        (REGIMES, "test_facilities_in_default_beyond_the_pulling_share_take_the_obligor_along"),
        (REGIMES, "test_exactly_the_share_does_not_pull"),
        (REGIMES, "test_a_fifth_of_all_debt_late_elsewhere_makes_substandard_here"),
    ),
    _counting(
        "17 Materiality in the reporting currency at the rate of the day",
        (TRAPS, "test_materiality_is_tested_in_the_reporting_currency"),
        (TRAPS, "test_a_count_derived_again_uses_the_rate_of_each_day"),
    ),
    _counting(
        "18 Collateral is no excuse",
        (ORDER, "test_full_collateral_excuses_no_day"),
    ),
    _counting(
        "19 Grace delays days in arrears, never days late; both are emitted",
        (TRAPS, "test_grace_delays_days_in_arrears_and_nothing_else"),
        (TRAPS, "test_both_counts_are_reported"),
        (TRAPS, "test_both_counts_are_reported_loan_by_loan"),
    ),
    _trap(
        "A chargeback or reversal opens the old due date again",
        (DAYS, "test_a_reversal_counts_as_if_the_money_had_never_come"),
        (DAYS, "test_a_partial_chargeback_reopens_the_old_due_date"),
        (ORDER, "test_a_chargeback_that_comes_before_its_payment_takes_only_its_own_amount"),
        (TRAPS, "test_a_chargeback_after_a_change_opens_the_due_date_of_the_new_schedule"),
    ),
    _trap(
        "A payment dated back, and one dated back and then reversed, derive the count again",
        (DAYS, "test_a_back_dated_payment_ends_the_arrears_on_its_value_date"),
        (DAYS, "test_a_back_dated_part_payment_restarts_only_the_material_run"),
        (ORDER, "test_a_payment_dated_back_and_then_reversed_leaves_the_count_as_it_was"),
    ),
    _trap(
        "A pause moves the dates of delinquency",
        (TRAPS, "test_a_pause_moves_the_dates_and_keeps_what_was_counted"),
        (TRAPS, "test_a_wrong_schedule_is_corrected_for_the_past_too"),
    ),
    _trap(
        "Reclassified at once with each event, not only at night",
        (TRAPS, "test_a_payment_reclassifies_at_once_and_not_only_at_night"),
    ),
    _trap(
        "Economic date, booking time and arrival stay apart",
        (ORDER, "test_the_three_times_of_a_payment_stay_apart"),
    ),
    _trap(
        "Emitted assessments are never changed; a correction is emitted, linked to its cause",
        (ORDER, "test_a_correction_is_marked_and_what_was_sent_stays"),
        (ORDER, "test_a_tightening_that_lost_its_ground_is_named"),
    ),
    _trap(
        "What was known when stays known: as of an earlier close the earlier answer",
        (ORDER, "test_as_of_a_day_gives_what_was_known_on_it"),
        (ORDER, "test_as_of_queries_give_days_late_and_days_in_arrears_loan_by_loan"),
        (READING, "test_as_of_a_date_agrees_with_what_was_emitted_then"),
    ),
    _trap(
        "A repeated event is applied once",
        (CLOSES, "test_repeated_events_are_counted_and_change_nothing"),
        (HISTORIES, "test_every_history_ends_the_same_however_it_arrived"),
    ),
    _trap(
        "What comes out of order or late leaves the same facts",
        (DAYS, "test_a_reversal_that_comes_before_its_payment_still_takes_it_back"),
        (DAYS, "test_an_older_schedule_version_that_comes_late_changes_nothing"),
        (ORDER, "test_an_amendment_that_comes_before_what_it_amends_replaces_it"),
        (ORDER, "test_an_event_of_last_month_takes_no_month_back"),
        (HISTORIES, "test_every_history_ends_the_same_however_it_arrived"),
    ),
    _trap(
        "A payment that is missed sends no event: the close of the day counts it",
        (ORDER, "test_a_missed_payment_is_counted_without_any_event"),
        (ORDER, "test_days_that_nobody_closed_are_counted_by_the_next_close"),
    ),
)
