#!/usr/bin/env python3
"""An example partner: submits one clue and does not lose it.

    partner.py CLUE.json [--request-id ID]

The clue is ClueContent in JSON. Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN. Needs
python3-grpcio, python3-protobuf, protobuf-compiler-grpc.
"""

import argparse
import os
import random
import sys
import time
import uuid

import grpc
from google.protobuf import json_format

import connect
import errors
from supervision.v1 import clue_service_pb2, clue_service_pb2_grpc, scenario_pb2

SERVER = os.environ.get("SUPERVISION_SERVER", "127.0.0.1:50051")
METADATA = [("authorization", "Bearer " + os.environ.get("SUPERVISION_TOKEN", ""))]
# Ping a quiet connection every 20 s; the service closes one that pings more often than every 10 s.
CHANNEL_OPTIONS = [("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 10_000),
                   ("grpc.initial_reconnect_backoff_ms", 200),
                   ("grpc.max_reconnect_backoff_ms", 5_000)]


def submit(clues, request, patience):
    """Repeats the call under the same request_id until it is answered: a timeout means that the
    outcome is unknown, and the service gives the first answer again."""
    end = time.monotonic() + patience
    most = 0.1
    while True:
        try:
            return clues.SubmitClue(request, metadata=METADATA, timeout=10).receipt
        except grpc.RpcError as failure:
            error = errors.error_of(failure)
            # Full jitter, after the time that the service asks for.
            delay = (error.retry_after or 0) + random.uniform(0, most)
            if not error.may_be_repeated() or time.monotonic() + delay > end:
                raise
            print(f"again in {delay:.1f} s: {error.reason or error.code}", file=sys.stderr)
            time.sleep(delay)
            most = min(most * 2, 5)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("clue", type=argparse.FileType("r", encoding="utf-8"))
    # A real partner stores it beside the record before the first call.
    arguments.add_argument("--request-id", default=str(uuid.uuid4()))
    arguments.add_argument("--patience", type=float, default=60, help="seconds")
    options = arguments.parse_args()

    request = clue_service_pb2.SubmitClueRequest(request_id=options.request_id)
    json_format.Parse(options.clue.read(), request.clue)
    with connect.channel(SERVER, CHANNEL_OPTIONS) as channel:
        clues = clue_service_pb2_grpc.ClueServiceStub(channel)
        try:
            receipt = submit(clues, request, options.patience)
        except grpc.RpcError as failure:
            print(errors.error_of(failure), file=sys.stderr)
            return 1
    # A newer service may know scenarios that this program does not: they are numbers here.
    known = scenario_pb2.Scenario.DESCRIPTOR.values_by_number.get(receipt.verdict.scenario)
    print(receipt.clue_id, receipt.version, known.name if known else receipt.verdict.scenario)
    return 0


if __name__ == "__main__":
    sys.exit(main())
