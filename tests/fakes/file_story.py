"""A borrower with a credit file: collateral, covenants, links, reports, findings, inspections."""

from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.events import accounts, credit_file
from services.scoring.domain.primitives import vocabulary
from tests.fakes.story import Story, day, minor


def optional_day(text: str | None) -> int:
    return 0 if text is None else day(text)


class FileStory(Story):
    """Tells what goes into the credit file. Shares and figures are plain numbers."""

    def collateral(self, value: float, piece: str = "c-1", **terms: object) -> str:
        """Value commercial property that secures l-1, today."""
        values: dict[str, object] = {
            "collateral_id": piece,
            "loan_ids": ["l-1"],
            "kind": vocabulary.REAL_ESTATE,
            "is_residential": False,
            "value_minor": minor(value),
            "currency": "EUR",
            "valued_day": self.today,
            "haircut_micro": 0,
            "limit_micro": -1,
            "registered_until": 0,
            "insured_until": 0,
            "permitted_until": 0,
            "is_double_pledged": False,
            "is_released": False,
        }
        event = credit_file.CollateralValued(*self.head(), **{**values, **terms})  # type: ignore[arg-type]
        return self.tell(event)

    def covenant(
        self,
        actual: float,
        limit: float,
        *,
        ceiling: bool = False,
        tested: str | None = None,
        name: str = "DSCR",
        due: str | None = None,
        waiver: bool = False,
    ) -> str:
        """Certify a covenant, tested today or on the date."""
        return self.tell(
            credit_file.CovenantCertified(
                *self.head(),
                covenant_id=f"v-{name}",
                metric=name,
                is_ceiling=ceiling,
                limit_micro=round(limit * 1_000_000),
                actual_micro=round(actual * 1_000_000),
                test_day=self.today if tested is None else day(tested),
                certificate_day=self.today,
                cure_until=0,
                is_waiver_asked=waiver,
                next_due_day=optional_day(due),
            )
        )

    def statement_due(
        self,
        period_end: str,
        due: str,
        *,
        months: int = 12,
        basis: str = "UNKNOWN",
        corrects: str | None = None,
        kind: str = "",
    ) -> str:
        """Announce by when a statement must come."""
        return self.tell(
            credit_file.StatementDue(
                *self.head(corrects, kind),
                due_day=day(due),
                period_end_day=day(period_end),
                period_months=months,
                basis=vocabulary.STATEMENT_BASES.index(basis),
            )
        )

    def guarantor(
        self, name: str = "g-1", covered: float = 10_000, until: str | None = None
    ) -> str:
        """Let somebody stand in from today."""
        return self.tell(
            credit_file.GuarantorLinked(
                *self.head(),
                guarantor_id=name,
                covered_minor=minor(covered),
                currency="EUR",
                from_day=self.today,
                until=optional_day(until),
                loan_ids=[],
            )
        )

    def link(
        self,
        name: str = "m-1",
        kind: str = "DEPENDENCY",
        strength: float = -1,
        until: str | None = None,
    ) -> str:
        """Link another borrower whose trouble carries over."""
        return self.tell(
            credit_file.GroupLinked(
                *self.head(),
                linked_id=name,
                kind=vocabulary.LINK_KINDS.index(kind),
                strength_micro=-1 if strength < 0 else round(strength * 1_000_000),
                from_day=self.today,
                until=optional_day(until),
            )
        )

    def dependant(self, name: str, kind: str = "GUARANTEE") -> str:
        """Let another borrower hang on this one."""
        kind_code = vocabulary.LINK_KINDS.index(kind)
        return self.tell(credit_file.DependantLinked(*self.head(), name, kind_code))

    def hears(self, name: str, state: str) -> str:
        """Hear the own state of a linked borrower."""
        code = STATE_NAMES.index(state)
        return self.tell(credit_file.RelatedStateChanged(*self.head(), name, code, self.today))

    def report(
        self,
        kind: str = "ARREARS",
        days: int = -1,
        amount: float = -1,
        *,
        reporter: str = "bureau",
        on: str | None = None,
        currency: str = "EUR",
    ) -> str:
        """Report something from elsewhere."""
        return self.tell(
            credit_file.ExternalDelinquencyReported(
                *self.head(),
                reporter=reporter,
                kind=vocabulary.REPORT_KINDS.index(kind),
                report_day=self.today if on is None else day(on),
                days_past_due=days,
                amount_minor=-1 if amount < 0 else minor(amount),
                currency="" if amount < 0 else currency,
            )
        )

    def finding(
        self,
        severity: str = "MEDIUM",
        name: str = "n-1",
        *,
        settled: bool = False,
        corrects: str | None = None,
    ) -> str:
        """Raise a finding, or settle it, or amend what was said of it."""
        return self.tell(
            credit_file.FindingRaised(
                *self.head(corrects, "amendment" if corrects else ""),
                finding_id=name,
                code="SITE",
                severity=vocabulary.FINDING_SEVERITIES.index(severity),
                raised_day=self.today,
                is_settled=settled,
            )
        )

    def inspection(self, outcome: str = "SATISFACTORY", due: str | None = None) -> str:
        """Inspect today."""
        return self.tell(
            credit_file.InspectionRecorded(
                *self.head(),
                inspection_day=self.today,
                outcome=vocabulary.INSPECTION_OUTCOMES.index(outcome),
                next_due_day=optional_day(due),
            )
        )

    def limit(
        self, limit: float, since: str | None = None, until: str | None = None, power: float = -1
    ) -> str:
        """Advise a limit of line f-1, from today or the date on."""
        return self.tell(
            accounts.LimitChanged(
                *self.head(),
                facility_id="f-1",
                limit_minor=minor(limit),
                power_minor=None if power < 0 else minor(power),
                currency="EUR",
                effective_day=self.today if since is None else day(since),
                until=optional_day(until),
            )
        )
