"""A client without a line of generated code: it learns the API from server reflection.

The reflection protocol itself (grpc.reflection.v1alpha) is restated here, the few fields that are
needed, since Debian has no package of it for Python.
"""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

import harness
from harness import MONITOR, PARTNER, clue

STRING, BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_STRING, descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
MESSAGE = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE


def reflection_messages():
    """Request and response classes of ServerReflectionInfo."""
    file = descriptor_pb2.FileDescriptorProto(name="reflection.proto", syntax="proto3",
                                              package="grpc.reflection.v1alpha")

    def message(name, *fields):
        entry = file.message_type.add(name=name)
        for field, number, kind, repeated, type_name in fields:
            entry.field.add(name=field, number=number, type=kind, type_name=type_name,
                            label=3 if repeated else 1)
    message("ServerReflectionRequest", ("file_containing_symbol", 4, STRING, False, None),
            ("list_services", 7, STRING, False, None))
    message("FileDescriptorResponse", ("file_descriptor_proto", 1, BYTES, True, None))
    message("ServiceResponse", ("name", 1, STRING, False, None))
    message("ListServiceResponse", ("service", 1, MESSAGE, True,
                                    ".grpc.reflection.v1alpha.ServiceResponse"))
    message("ServerReflectionResponse",
            ("file_descriptor_response", 4, MESSAGE, False,
             ".grpc.reflection.v1alpha.FileDescriptorResponse"),
            ("list_services_response", 6, MESSAGE, False,
             ".grpc.reflection.v1alpha.ListServiceResponse"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName("grpc.reflection.v1alpha." + name))
            for name in ("ServerReflectionRequest", "ServerReflectionResponse")]


class Api:
    """What the service says about itself."""

    def __init__(self, channel):
        self.channel = channel
        self.pool = descriptor_pool.DescriptorPool()
        self.factory = message_factory.MessageFactory(self.pool)
        self.request, response = reflection_messages()
        self.ask = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=self.request.SerializeToString,
            response_deserializer=response.FromString)

    def services(self):
        question = self.request()
        question.list_services = "*"
        [answer] = self.ask(iter([question]))
        return {service.name for service in answer.list_services_response.service}

    def learn(self, service):
        [answer] = self.ask(iter([self.request(file_containing_symbol=service)]))
        files = [descriptor_pb2.FileDescriptorProto.FromString(raw)
                 for raw in answer.file_descriptor_response.file_descriptor_proto]
        # A file may be added once those are that it imports.
        known = set()
        while files:
            ready = [file for file in files if set(file.dependency) <= known]
            if not ready:
                raise AssertionError(f"imports of {[file.name for file in files]} did not come")
            for file in ready:
                self.pool.Add(file)
                known.add(file.name)
                files.remove(file)
        return self.pool.FindServiceByName(service)

    def call(self, service, method, body, token):
        entry = self.learn(service).methods_by_name[method]
        request = self.factory.GetPrototype(entry.input_type)()
        json_format.ParseDict(body, request)
        kind = self.channel.unary_stream if entry.server_streaming else self.channel.unary_unary
        return kind(f"/{service}/{method}", request_serializer=type(request).SerializeToString,
                    response_deserializer=self.factory.GetPrototype(entry.output_type).FromString)(
                        request, timeout=harness.PATIENCE, metadata=[("authorization", "Bearer " + token)])


class ReflectionTest(harness.ServiceTest):
    def api(self):
        channel = grpc.insecure_channel(self.service.address)
        self.addCleanup(channel.close)
        return Api(channel)

    def test_every_service_is_listed(self):
        self.assertLessEqual({"supervision.v1.ClueService", "supervision.v1.AlertService",
                              "supervision.v1.ClassificationService",
                              "supervision.v1.AdminService", "grpc.health.v1.Health"},
                             self.api().services())

    def test_a_clue_is_submitted_and_its_alert_heard_without_generated_code(self):
        receipt = self.api().call("supervision.v1.ClueService", "SubmitClue",
                                  {"request_id": "reflected-1", "clue": clue("X-1")},
                                  PARTNER).receipt
        self.assertTrue(receipt.clue_id)
        stream = self.api().call("supervision.v1.AlertService", "WatchAlerts",
                                 {"start_from": "START_FROM_EARLIEST"}, MONITOR)
        heard = next(update.alert.id for message in stream for update in message.updates)
        stream.cancel()
        self.assertEqual(heard, receipt.alert_id)

    def test_a_refusal_comes_with_its_code(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.api().call("supervision.v1.ClueService", "SubmitClue", {"request_id": "x y"},
                            PARTNER)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)


if __name__ == "__main__":
    harness.main()
