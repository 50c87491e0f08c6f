#!/usr/bin/env python3
"""An example consumer: reads a named subscription, whose place the service keeps.

    consumer.py NAME [--share] [--count N]

Makes the subscription where there is none. With --share it is a shared one, and this program one of
its consumers: each alert comes to one of them. Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.
Needs python3-grpcio, python3-protobuf, protobuf-compiler-grpc.
"""

import argparse
import os
import queue
import random
import sys
import time
import uuid

import grpc

import connect
import errors
import streams
from supervision.v1 import (alert_service_pb2, sharing_pb2, subscription_service_pb2,
                            subscription_service_pb2_grpc)

SERVER = os.environ.get("SUPERVISION_SERVER", "127.0.0.1:50051")
METADATA = [("authorization", "Bearer " + os.environ.get("SUPERVISION_TOKEN", ""))]
WINDOW = 100  # alerts that may be on the way without being acknowledged
MOST_HANDLED = 20_000


class Consumer:
    def __init__(self, subscriptions, options):
        self.subscriptions, self.options = subscriptions, options
        self.made = self.ended = False
        self.told = 0
        self.most = 0.2  # of the random delay before it comes back
        self.pause = 0   # that the service asks for
        self.handled = {}  # what was told, oldest first, since it may come again
        # So that an opening that was given up, and is read late, takes nothing over.
        self.reader, self.attempt = uuid.uuid4().hex, 0
        self.requests = queue.SimpleQueue()

    def run(self):
        while not self.ended:
            self.pause = 0
            try:
                self.make()
                self.read()
            except grpc.RpcError as failure:
                error = errors.error_of(failure)
                if not error.stream_may_be_resumed():
                    raise
                self.pause = error.retry_after or 0
            if not self.ended:
                delay = self.pause + random.uniform(0, self.most)
                print(f"stream over, resuming in {delay:.1f} s", file=sys.stderr)
                time.sleep(delay)
                self.most = min(self.most * 2, 15)

    def make(self):
        """Once: a subscription that is deleted later is not made again without anybody knowing."""
        if self.made:
            return
        request = subscription_service_pb2.CreateSubscriptionRequest(
            start_from=alert_service_pb2.START_FROM_EARLIEST)
        request.subscription.name = self.options.name
        if self.options.share:
            request.subscription.mode = sharing_pb2.SUBSCRIPTION_MODE_SHARED
        try:
            self.subscriptions.CreateSubscription(request, metadata=METADATA, timeout=10)
        except grpc.RpcError as failure:
            if errors.error_of(failure).reason != "SUBSCRIPTION_EXISTS":
                raise
        self.made = True

    def read(self):
        """One connection, to its end. What was not acknowledged before a break comes again."""
        self.requests = queue.SimpleQueue()
        request = subscription_service_pb2.ConsumeAlertsRequest()
        request.open.subscription = self.options.name
        request.open.window.alerts = WINDOW
        if self.options.share:
            request.open.share = True
        else:
            self.attempt += 1
            request.open.reader, request.open.attempt = self.reader, self.attempt
        self.requests.put(request)
        try:
            # No deadline: the stream lasts as long as the service does. wait_for_ready, because gRPC
            # 1.51 can leave a stream hanging whose connection is refused while it is opened.
            for message in self.subscriptions.ConsumeAlerts(
                    iter(self.requests.get, None), metadata=METADATA, wait_for_ready=True):
                self.most = 0.2
                self.pause = message.ending.retry_after.ToTimedelta().total_seconds()
                if not self.ended:
                    self.handle(message)
        finally:
            self.requests.put(None)

    def handle(self, message):
        done = []  # deliveries, by the numbers that this connection gave them
        if message.HasField("gap"):
            print(f"history is gone ({message.gap.reason}): see what is missing with ListAlerts",
                  file=sys.stderr)
            done.append(message.gap.delivery)
        for i, update in enumerate(message.updates):
            self.take(update)
            done.append(message.first_delivery + i)
            if self.told == self.options.count:
                self.ended = True
                break
        for refusal in message.refusals:
            print(f"{refusal.delivery} too late: {refusal.reason}", file=sys.stderr)
        if done:
            request = subscription_service_pb2.ConsumeAlertsRequest()
            if self.options.share:
                request.acknowledge.deliveries.extend(done)
            else:
                request.acknowledge.through = done[-1]
            self.requests.put(request)
        if self.ended:
            # Our side is closed; the service ends its own when what was acknowledged is kept.
            self.requests.put(None)

    def take(self, update):
        """A real program deals with the update here. One of a shared subscription that needs longer
        than the lease asks for more time (extend), and gives back what it cannot do (reject)."""
        what = update.WhichOneof("change")
        key = ((what, update.left.alert_id, update.left.version) if what == "left"
               else (what, update.alert.id, update.alert.version))
        if key in self.handled:
            return
        self.handled[key] = True
        if len(self.handled) > MOST_HANDLED:
            del self.handled[next(iter(self.handled))]
        streams.tell(update)
        self.told += 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("name", help="of the subscription")
    arguments.add_argument("--share", action="store_true", help="be one of several consumers")
    arguments.add_argument("--count", type=int, help="end after this many updates")
    options = arguments.parse_args()
    with connect.channel(SERVER, streams.CHANNEL_OPTIONS) as channel:
        try:
            Consumer(subscription_service_pb2_grpc.SubscriptionServiceStub(channel), options).run()
        except grpc.RpcError as failure:
            # SUBSCRIPTION_TAKEN_OVER: a newer reader came, and two would take it from each other.
            print(errors.error_of(failure), file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
