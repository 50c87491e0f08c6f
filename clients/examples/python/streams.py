"""What the programs that listen have in common."""

import stubs

stubs.load()
from supervision.v1 import scenario_pb2  # noqa: E402  (made by stubs)

# Who only listens: without max_pings_without_data the third ping would not be sent.
CHANNEL_OPTIONS = [("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 10_000),
                   ("grpc.http2.max_pings_without_data", 0),
                   ("grpc.initial_reconnect_backoff_ms", 200),
                   ("grpc.max_reconnect_backoff_ms", 5_000)]


def tell(update):
    if update.WhichOneof("change") == "left":
        print("left", update.left.alert_id, update.left.version, flush=True)
        return
    alert = update.alert
    known = scenario_pb2.Scenario.DESCRIPTOR.values_by_number.get(alert.scenario)
    print("alert", alert.id, alert.version, known.name if known else alert.scenario,
          scenario_pb2.Risk.Name(alert.risk), alert.title, flush=True)
