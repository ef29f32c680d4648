"""A borrower's life with decisions of people, concessions and loans that end; see `story`."""

from services.scoring.domain import decision_events as decided
from services.scoring.domain import events as happened
from services.scoring.domain import vocabulary
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.decisions import NO_STATE
from services.scoring.domain.risk import FLAG_NAMES, STATE_NAMES
from tests.fakes.file_story import FileStory
from tests.fakes.story import day, minor


class DecisionStory(FileStory):
    """Adds what two people decide."""

    def decide(
        self,
        kind: str,
        *,
        state: str | None = None,
        by: str = "officer-1",
        approvers: tuple[str, ...] = ("senior-2",),
        until: str | None = None,
        effective: str | None = None,
        name: str = "o-1",
        **fields: object,
    ) -> Assessment | None:
        """Let two people decide; return what was said about it."""
        values: dict[str, object] = {
            "override_id": name,
            "kind": vocabulary.OVERRIDE_KINDS.index(kind),
            "state": NO_STATE if state is None else STATE_NAMES.index(state),
            "reason": "as agreed in the credit committee",
            "proposed_by": by,
            "approved_by": list(approvers),
            "effective_day": self.today if effective is None else day(effective),
            "expires_day": None if until is None else day(until),
            "loan_id": "",
            "points_micro": 0,
            "flags": 0,
            "trigger": "",
        }
        if "flag" in fields:
            fields["flags"] = 1 << FLAG_NAMES.index(str(fields.pop("flag")))
        said = len(self.assessments)
        self.tell(decided.OverrideApproved(*self.head(), **{**values, **fields}))  # type: ignore[arg-type]
        return self.assessments[-1] if len(self.assessments) > said else None

    def ends(self, reason: str = "REPAID", loan_id: str = "l-1", kind: str = "") -> str:
        """End a loan today, or take its end back."""
        head = self.head("e-0", kind) if kind else self.head()
        return self.tell(
            decided.LoanClosed(*head, loan_id=loan_id, closed_day=self.today, reason=reason)
        )

    def concede(
        self,
        *rows: tuple[str, float],
        version: int,
        kind: str = "EXTENSION",
        loss: float | None = None,
        reason: str = "CONCESSION",
        loan_id: str = "l-1",
    ) -> str:
        """Change the schedule today, by a concession unless another reason is given."""
        return self.tell(
            happened.ScheduleChanged(
                *self.head(),
                loan_id=loan_id,
                schedule_version=version,
                currency="EUR",
                due_days=[day(row[0]) for row in rows],
                due_principal_minor=[minor(row[1]) for row in rows],
                due_interest_minor=[0 for _ in rows],
                due_fees_minor=[0 for _ in rows],
                effective_day=self.today,
                change_reason=reason,
                concession_kind=kind,
                npv_loss_micro=None if loss is None else round(loss * 1_000_000),
            )
        )

    @property
    def state(self) -> str:
        """Return the state's name."""
        return STATE_NAMES[self.borrower.risk.state]

    @property
    def flags(self) -> set[str]:
        """Return the names of the flags that are set."""
        mask = self.borrower.risk.flags
        return {name for bit, name in enumerate(FLAG_NAMES) if mask >> bit & 1}

    @property
    def told(self) -> Assessment:
        """Return the newest assessment."""
        return self.assessments[-1]
