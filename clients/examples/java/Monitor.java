import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Iterator;
import supervision.v1.AlertServiceGrpc;
import supervision.v1.AlertServiceOuterClass.StartFrom;
import supervision.v1.AlertServiceOuterClass.WatchAlertsRequest;
import supervision.v1.AlertServiceOuterClass.WatchAlertsResponse;

/**
 * An example monitor: hears every alert once, over breaks and restarts.
 *
 * <p>Monitor CURSOR-FILE [COUNT]. Environment: SUPERVISION_SERVER, SUPERVISION_TOKEN.
 */
public final class Monitor {
  private final AlertServiceGrpc.AlertServiceBlockingStub alerts;
  private final Path file;
  private final int count;
  private int told;
  private double most = 0.2;

  private Monitor(AlertServiceGrpc.AlertServiceBlockingStub alerts, Path file, int count) {
    this.alerts = alerts;
    this.file = file;
    this.count = count;
  }

  /** Replaces the file as a whole, so that a crash leaves the old cursor or the new one. */
  private void keep(String cursor) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".new");
    Files.writeString(beside, cursor, StandardCharsets.US_ASCII);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private WatchAlertsRequest begin() throws IOException {
    WatchAlertsRequest.Builder request = WatchAlertsRequest.newBuilder();
    return Files.exists(file)
        ? request.setCursor(Files.readString(file, StandardCharsets.US_ASCII)).build()
        : request.setStartFrom(StartFrom.START_FROM_EARLIEST).build();
  }

  /**
   * Told alerts count once their message's cursor is kept; a crash in between tells a few again: (id,
   * version) tells repeats apart.
   */
  private void watch() throws IOException {
    while (true) {
      double delay;
      try {
        // No deadline: the stream lasts as long as the service does.
        Iterator<WatchAlertsResponse> messages = alerts.withWaitForReady().watchAlerts(begin());
        double asked = 0;
        while (messages.hasNext()) {
          WatchAlertsResponse message = messages.next();
          message.getUpdatesList().forEach(Updates::tell);
          told += message.getUpdatesCount();
          keep(message.getCursor());
          most = 0.2;
          asked = Service.seconds(message.getEnding().getRetryAfter());
          if (count > 0 && told >= count) {
            return;
          }
        }
        delay = Service.delay(asked, most);
      } catch (StatusRuntimeException exception) {
        Service.Failure failure = new Service.Failure(exception);
        if (!failure.streamMayBeResumed()) {
          throw exception;
        }
        delay = Service.delay(failure.retryAfter, most);
      }
      System.err.printf("stream over, resuming in %.1f s%n", delay);
      Service.pause(delay);
      most = Math.min(most * 2, 15);
    }
  }

  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 1) {
      System.err.println("usage: Monitor CURSOR-FILE [COUNT]");
      System.exit(2);
    }
    ManagedChannel channel = Service.connect();
    int exitCode = 0;
    try {
      new Monitor(AlertServiceGrpc.newBlockingStub(channel).withCallCredentials(Service.token()),
          Path.of(arguments[0]), arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0).watch();
    } catch (StatusRuntimeException exception) {
      // CURSOR_TRIMMED and HISTORY_LOST say where the history goes on: a person decides.
      System.err.println(new Service.Failure(exception));
      exitCode = 1;
    } finally {
      channel.shutdownNow();
    }
    System.exit(exitCode);
  }
}
