import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import google.rpc.ErrorDetails;
import io.grpc.CallCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** What the programs share: the connection, the token, and what a failed call says. */
final class Service {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private Service() {}

  /** Pings a quiet connection every 20 s; the service closes one that pings more than every 10 s. */
  static ManagedChannel connect() {
    String server = System.getenv().getOrDefault("SUPERVISION_SERVER", "127.0.0.1:50051");
    return NettyChannelBuilder.forTarget(server)
        .usePlaintext()
        .keepAliveTime(20, TimeUnit.SECONDS)
        .keepAliveTimeout(10, TimeUnit.SECONDS)
        .build();
  }

  /** Adds the token to every call. */
  static CallCredentials token() {
    return new CallCredentials() {
      @Override
      public void applyRequestMetadata(RequestInfo info, Executor executor, MetadataApplier applier) {
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION,
            "Bearer " + System.getenv().getOrDefault("SUPERVISION_TOKEN", ""));
        applier.apply(headers);
      }

      @Override
      public void thisUsesUnstableApi() {}
    };
  }

  /** What the service says about a failed call, read from google.rpc.Status. */
  static final class Failure {
    final Status.Code code;
    final String english;
    String reason = ""; // word of the table in clients/README.md; empty: not from the service
    String chinese = "";
    final Map<String, String> metadata = new TreeMap<>();
    final StringBuilder violations = new StringBuilder();
    Double retryAfter; // seconds; null: the service does not ask to come back

    Failure(StatusRuntimeException failure) {
      code = failure.getStatus().getCode();
      english = String.valueOf(failure.getStatus().getDescription());
      byte[] bytes = failure.getTrailers() == null ? null : failure.getTrailers().get(DETAILS);
      if (bytes == null) {
        return;
      }
      try {
        for (Any detail : google.rpc.StatusOuterClass.Status.parseFrom(bytes).getDetailsList()) {
          read(detail);
        }
      } catch (InvalidProtocolBufferException damaged) {
        // Code and sentence are there anyway.
      }
    }

    private void read(Any detail) throws InvalidProtocolBufferException {
      if (detail.is(ErrorDetails.ErrorInfo.class)) {
        reason = detail.unpack(ErrorDetails.ErrorInfo.class).getReason();
        metadata.putAll(detail.unpack(ErrorDetails.ErrorInfo.class).getMetadataMap());
      } else if (detail.is(ErrorDetails.RetryInfo.class)) {
        retryAfter = seconds(detail.unpack(ErrorDetails.RetryInfo.class).getRetryDelay());
      } else if (detail.is(ErrorDetails.LocalizedMessage.class)) {
        chinese = detail.unpack(ErrorDetails.LocalizedMessage.class).getMessage();
      } else if (detail.is(ErrorDetails.BadRequest.class)) {
        for (var violation : detail.unpack(ErrorDetails.BadRequest.class).getFieldViolationsList()) {
          violations.append("\n  ").append(violation.getField()).append(": ")
              .append(violation.getDescription());
        }
      }
    }

    /** Whether the same call may succeed later: never without the same request_id. */
    boolean mayBeRepeated() {
      return code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED
          || (code == Status.Code.RESOURCE_EXHAUSTED && retryAfter != null)
          // So ends what reaches a server in the moment that it shuts down.
          || (code == Status.Code.CANCELLED && reason.isEmpty());
    }

    /** The same for a stream, which may also be cut on the way, without a word of the service. */
    boolean streamMayBeResumed() {
      return mayBeRepeated()
          || (reason.isEmpty() && (code == Status.Code.INTERNAL || code == Status.Code.UNKNOWN));
    }

    String name() {
      return reason.isEmpty() ? code.name() : reason;
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(name() + ": " + english + "\n" + chinese + violations);
      metadata.forEach((key, value) -> text.append("\n  ").append(key).append(" = ").append(value));
      return text.toString();
    }
  }

  static double seconds(Duration duration) {
    return duration.getSeconds() + duration.getNanos() / 1e9;
  }

  /** Full jitter: anything from nothing to `most` seconds, after what the service asks for. */
  static double delay(Double retryAfter, double most) {
    return (retryAfter == null ? 0 : retryAfter) + ThreadLocalRandom.current().nextDouble() * most;
  }

  static void pause(double seconds) {
    try {
      TimeUnit.MILLISECONDS.sleep((long) (seconds * 1000));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
