"""The simulated queue of deliveries leases, orders and records as the real one."""

from tests.contract.queue_scenario import leases_order_and_results
from tests.simulation.delivery_rows import DeliveryRows, Endpoint
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import EPOCH, simulate


def test_the_simulated_queue() -> None:
    rows = DeliveryRows(FaultRates())
    rows.endpoints["e"] = Endpoint(endpoint_id="e", is_ordered=True)
    for feed_id in (1, 2):
        rows.add(feed_id=feed_id, endpoint_id="e", borrower_id="b", at=EPOCH)
    simulate(leases_order_and_results(rows, endpoint_id="e", at=EPOCH))
