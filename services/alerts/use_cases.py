"""The use cases of alerts in one value, which wiring builds for HTTP and the pages."""

from dataclasses import dataclass

from services.alerts.decisions.application.handling import AlertHandling
from services.alerts.decisions.application.reading import AlertReading
from services.alerts.decisions.application.silences import Silences
from services.alerts.decisions.application.work_list import WorkListReading
from services.alerts.delivery.application.deliveries import DeliveryLog
from services.alerts.delivery.application.endpoint_trial import EndpointTrial
from services.alerts.delivery.application.endpoints import EndpointRegistry
from services.alerts.directory.application.directory_registry import DirectoryRegistry
from services.alerts.directory.application.sessions import Sessions
from services.kit.approvals.workflow import Approvals


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """The use cases of alerts."""

    reading: AlertReading
    work_list: WorkListReading
    handling: AlertHandling
    endpoints: EndpointRegistry
    trial: EndpointTrial
    deliveries: DeliveryLog
    sessions: Sessions
    approvals: Approvals
    directory: DirectoryRegistry
    silences: Silences
