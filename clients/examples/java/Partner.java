import com.google.protobuf.util.JsonFormat;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import supervision.v1.ClueServiceGrpc;
import supervision.v1.ClueServiceOuterClass.ClueReceipt;
import supervision.v1.ClueServiceOuterClass.SubmitClueRequest;

/**
 * An example partner: submits one clue and does not lose it.
 *
 * <p>Partner CLUE.json [REQUEST-ID]. The clue is ClueContent in JSON. Environment:
 * SUPERVISION_SERVER, SUPERVISION_TOKEN.
 */
public final class Partner {
  private static final double PATIENCE_SECONDS = 60;

  private Partner() {}

  /**
   * Repeats the call under the same request_id until it is answered: a timeout means that the outcome
   * is unknown, and the service gives the first answer again.
   */
  private static ClueReceipt submit(
      ClueServiceGrpc.ClueServiceBlockingStub clues, SubmitClueRequest request) {
    long begin = System.nanoTime();
    double most = 0.1;
    while (true) {
      try {
        return clues.withDeadlineAfter(10, TimeUnit.SECONDS).submitClue(request).getReceipt();
      } catch (StatusRuntimeException exception) {
        Service.Failure failure = new Service.Failure(exception);
        double delay = Service.delay(failure.retryAfter, most);
        double passed = (System.nanoTime() - begin) / 1e9;
        if (!failure.mayBeRepeated() || passed + delay > PATIENCE_SECONDS) {
          throw exception;
        }
        System.err.printf("again in %.1f s: %s%n", delay, failure.name());
        Service.pause(delay);
        most = Math.min(most * 2, 5);
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length < 1) {
      System.err.println("usage: Partner CLUE.json [REQUEST-ID]");
      System.exit(2);
    }
    SubmitClueRequest.Builder request = SubmitClueRequest.newBuilder();
    // A real partner stores the request_id beside the record before the first call.
    request.setRequestId(arguments.length > 1 ? arguments[1] : UUID.randomUUID().toString());
    JsonFormat.parser().merge(Files.readString(Path.of(arguments[0])), request.getClueBuilder());

    ManagedChannel channel = Service.connect();
    int exitCode = 0;
    try {
      ClueReceipt receipt = submit(
          ClueServiceGrpc.newBlockingStub(channel).withCallCredentials(Service.token()),
          request.build());
      // A newer service may know scenarios that this program does not: UNRECOGNIZED here.
      System.out.println(
          receipt.getClueId() + " " + receipt.getVersion() + " " + receipt.getVerdict().getScenario());
    } catch (StatusRuntimeException exception) {
      System.err.println(new Service.Failure(exception));
      exitCode = 1;
    } finally {
      channel.shutdownNow();
    }
    System.exit(exitCode);
  }
}
