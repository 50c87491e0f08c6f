"""What the service says about a failed call, read from google.rpc.Status."""

import dataclasses

import stubs

stubs.load()
from google.rpc import error_details_pb2, status_pb2  # noqa: E402  (made by stubs)


@dataclasses.dataclass
class Error:
    code: str
    english: str
    reason: str = ""   # word of the table in clients/README.md; empty: not from the service
    chinese: str = ""
    metadata: dict = dataclasses.field(default_factory=dict)
    violations: list = dataclasses.field(default_factory=list)  # (field, what to do)
    retry_after: float = None  # seconds

    def may_be_repeated(self):
        """Whether the same call may succeed later: never without the same request_id."""
        return (self.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
                or (self.code == "RESOURCE_EXHAUSTED" and self.retry_after is not None)
                # So ends what reaches a server in the moment that it shuts down.
                or (self.code == "CANCELLED" and not self.reason))

    def stream_may_be_resumed(self):
        """The same for a stream, which may also be cut on the way, without a word of the service."""
        return self.may_be_repeated() or (
            not self.reason and self.code in ("INTERNAL", "UNKNOWN"))

    def __str__(self):
        lines = [f"{self.reason or self.code}: {self.english}", self.chinese]
        lines += [f"  {field}: {what}" for field, what in self.violations]
        lines += [f"  {name} = {value}" for name, value in sorted(self.metadata.items())]
        return "\n".join(line for line in lines if line)


def error_of(failure):
    """The Error of a grpc.RpcError."""
    error = Error(failure.code().name, failure.details() or "")
    status = status_pb2.Status()
    for key, value in failure.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status.ParseFromString(value)
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            error.reason, error.metadata = info.reason, dict(info.metadata)
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            retry = error_details_pb2.RetryInfo()
            detail.Unpack(retry)
            error.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            error.violations = [(v.field, v.description) for v in bad.field_violations]
        elif detail.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR):
            sentence = error_details_pb2.LocalizedMessage()
            detail.Unpack(sentence)
            error.chinese = sentence.message
    return error
