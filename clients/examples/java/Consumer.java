import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import supervision.v1.AlertServiceOuterClass.AlertUpdate;
import supervision.v1.AlertServiceOuterClass.StartFrom;
import supervision.v1.Sharing.SubscriptionMode;
import supervision.v1.SubscriptionServiceGrpc;
import supervision.v1.SubscriptionServiceOuterClass.Acknowledgement;
import supervision.v1.SubscriptionServiceOuterClass.ConsumeAlertsRequest;
import supervision.v1.SubscriptionServiceOuterClass.ConsumeAlertsResponse;
import supervision.v1.SubscriptionServiceOuterClass.CreateSubscriptionRequest;
import supervision.v1.SubscriptionServiceOuterClass.OpenConsumption;

/**
 * An example consumer: reads a named subscription, whose place the service keeps.
 *
 * <p>Consumer [--share] NAME [COUNT]. Makes the subscription where there is none. With --share it is a
 * shared one, and this program one of its consumers: each alert comes to one of them. Environment:
 * SUPERVISION_SERVER, SUPERVISION_TOKEN.
 */
public final class Consumer {
  private static final int WINDOW = 100; // alerts on the way without being acknowledged
  private static final int MOST_HANDLED = 20_000;

  private final ManagedChannel channel;
  private final String name;
  private final boolean share;
  private final int count;
  // So that an opening that was given up, and is read late, takes nothing over.
  private final String reader = UUID.randomUUID().toString();
  private int attempt;
  private boolean made;
  private int told;
  private boolean ended;
  private double most = 0.2; // of the random delay before it comes back
  private double asked; // delay that the service asks for
  // What was told, oldest first, since it may come again.
  private final Set<String> handled = Collections.newSetFromMap(new LinkedHashMap<>() {
    @Override
    protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
      return size() > MOST_HANDLED;
    }
  });
  private StreamObserver<ConsumeAlertsRequest> requests;

  private Consumer(ManagedChannel channel, String name, boolean share, int count) {
    this.channel = channel;
    this.name = name;
    this.share = share;
    this.count = count;
  }

  private void run() {
    while (!ended) {
      double delay;
      asked = 0;
      try {
        make();
        read();
        delay = Service.delay(asked, most);
      } catch (StatusRuntimeException exception) {
        Service.Failure failure = new Service.Failure(exception);
        if (!failure.streamMayBeResumed()) {
          throw exception;
        }
        delay = Service.delay(failure.retryAfter, most);
      }
      if (!ended) {
        System.err.printf("stream over, resuming in %.1f s%n", delay);
        Service.pause(delay);
        most = Math.min(most * 2, 15);
      }
    }
  }

  /** Once: a subscription that is deleted later is not made again without anybody knowing. */
  private void make() {
    if (made) {
      return;
    }
    CreateSubscriptionRequest.Builder request =
        CreateSubscriptionRequest.newBuilder().setStartFrom(StartFrom.START_FROM_EARLIEST);
    request.getSubscriptionBuilder().setName(name).setMode(share
        ? SubscriptionMode.SUBSCRIPTION_MODE_SHARED : SubscriptionMode.SUBSCRIPTION_MODE_EXCLUSIVE);
    try {
      SubscriptionServiceGrpc.newBlockingStub(channel).withCallCredentials(Service.token())
          .withDeadlineAfter(10, TimeUnit.SECONDS).createSubscription(request.build());
    } catch (StatusRuntimeException exception) {
      if (!new Service.Failure(exception).reason.equals("SUBSCRIPTION_EXISTS")) {
        throw exception;
      }
    }
    made = true;
  }

  /** One connection, to its end. What was not acknowledged before a break comes again. */
  private void read() {
    CompletableFuture<Void> over = new CompletableFuture<>();
    // No deadline: the stream lasts as long as the service does. gRPC calls the observer once at a time.
    requests = SubscriptionServiceGrpc.newStub(channel).withCallCredentials(Service.token())
        .withWaitForReady().consumeAlerts(new StreamObserver<>() {
          @Override
          public void onNext(ConsumeAlertsResponse message) {
            handle(message);
          }

          @Override
          public void onError(Throwable failure) {
            over.completeExceptionally(failure);
          }

          @Override
          public void onCompleted() {
            over.complete(null);
          }
        });
    OpenConsumption.Builder open = OpenConsumption.newBuilder().setSubscription(name);
    open.getWindowBuilder().setAlerts(WINDOW);
    if (share) {
      open.setShare(true);
    } else {
      open.setReader(reader).setAttempt(++attempt);
    }
    requests.onNext(ConsumeAlertsRequest.newBuilder().setOpen(open).build());
    try {
      over.join();
    } catch (CompletionException exception) {
      throw (StatusRuntimeException) exception.getCause();
    }
  }

  private void handle(ConsumeAlertsResponse message) {
    most = 0.2;
    asked = Service.seconds(message.getEnding().getRetryAfter());
    if (ended) {
      return;
    }
    Acknowledgement.Builder done = Acknowledgement.newBuilder();
    if (message.hasGap()) {
      System.err.printf("history is gone (%s): see what is missing with ListAlerts%n",
          message.getGap().getReason());
      settle(message.getGap().getDelivery(), done);
    }
    for (int i = 0; i < message.getUpdatesCount() && !ended; ++i) {
      take(message.getUpdates(i));
      settle(message.getFirstDelivery() + i, done);
      ended = count > 0 && told >= count;
    }
    message.getRefusalsList().forEach(refusal -> System.err.printf(
        "%d too late: %s%n", refusal.getDelivery(), refusal.getReason()));
    if (done.getThrough() > 0 || done.getDeliveriesCount() > 0) {
      requests.onNext(ConsumeAlertsRequest.newBuilder().setAcknowledge(done).build());
    }
    if (ended) {
      // Our side is closed; the service ends its own when what was acknowledged is kept.
      requests.onCompleted();
    }
  }

  /** A delivery is known by the number that this connection gave it. */
  private void settle(long delivery, Acknowledgement.Builder done) {
    if (share) {
      done.addDeliveries(delivery);
    } else {
      done.setThrough(delivery);
    }
  }

  /**
   * A real program deals with the update here. One of a shared subscription that needs longer than the
   * lease asks for more time (extend), and gives back what it cannot do (reject).
   */
  private void take(AlertUpdate update) {
    if (handled.add(Updates.key(update))) {
      Updates.tell(update);
      ++told;
    }
  }

  public static void main(String[] arguments) {
    List<String> rest = new ArrayList<>(List.of(arguments));
    boolean share = rest.remove("--share");
    if (rest.isEmpty()) {
      System.err.println("usage: Consumer [--share] NAME [COUNT]");
      System.exit(2);
    }
    ManagedChannel channel = Service.connect();
    int exitCode = 0;
    try {
      new Consumer(channel, rest.get(0), share,
          rest.size() > 1 ? Integer.parseInt(rest.get(1)) : 0).run();
    } catch (StatusRuntimeException exception) {
      // SUBSCRIPTION_TAKEN_OVER: a newer reader came, and two would take it from each other.
      System.err.println(new Service.Failure(exception));
      exitCode = 1;
    } finally {
      channel.shutdownNow();
    }
    System.exit(exitCode);
  }
}
