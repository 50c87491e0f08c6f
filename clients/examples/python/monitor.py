#!/usr/bin/env python3
"""An example monitor: hears every alert once, over breaks and restarts.

    monitor.py CURSOR-FILE [--count N]

Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN. Needs python3-grpcio, python3-protobuf,
protobuf-compiler-grpc.
"""

import argparse
import os
import pathlib
import random
import sys
import time

import grpc

import connect
import errors
import streams
from supervision.v1 import alert_service_pb2, alert_service_pb2_grpc

SERVER = os.environ.get("SUPERVISION_SERVER", "127.0.0.1:50051")
METADATA = [("authorization", "Bearer " + os.environ.get("SUPERVISION_TOKEN", ""))]


def keep(path, cursor):
    """Replaces the file as a whole, so that a crash leaves the old cursor or the new one."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(cursor, encoding="ascii")
    beside.replace(path)


def watch(alerts, path, count):
    """Told alerts count once their message's cursor is kept; a crash in between tells a few again:
    (id, version) tells repeats apart."""
    most, told = 0.2, 0
    while True:
        request = alert_service_pb2.WatchAlertsRequest()
        if path.exists():
            request.cursor = path.read_text(encoding="ascii")
        else:
            request.start_from = alert_service_pb2.START_FROM_EARLIEST
        pause = 0
        try:
            # No deadline: the stream lasts as long as the service does. wait_for_ready, because gRPC 1.51
            # can leave a stream hanging whose connection is refused in the moment that it is opened.
            for message in alerts.WatchAlerts(request, metadata=METADATA, wait_for_ready=True):
                for update in message.updates:
                    streams.tell(update)
                told += len(message.updates)
                keep(path, message.cursor)
                most = 0.2
                pause = message.ending.retry_after.ToTimedelta().total_seconds()
                if count and told >= count:
                    return
        except grpc.RpcError as failure:
            error = errors.error_of(failure)
            if not error.stream_may_be_resumed():
                raise
            pause = error.retry_after or 0
        delay = pause + random.uniform(0, most)
        print(f"stream over, resuming in {delay:.1f} s", file=sys.stderr)
        time.sleep(delay)
        most = min(most * 2, 15)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("cursor_file", type=pathlib.Path)
    arguments.add_argument("--count", type=int, help="end after this many updates")
    options = arguments.parse_args()
    with connect.channel(SERVER, streams.CHANNEL_OPTIONS) as channel:
        try:
            watch(alert_service_pb2_grpc.AlertServiceStub(channel), options.cursor_file,
                  options.count)
        except grpc.RpcError as failure:
            # CURSOR_TRIMMED and HISTORY_LOST say where the history goes on: a person decides.
            print(errors.error_of(failure), file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
