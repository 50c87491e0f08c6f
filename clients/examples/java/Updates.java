import supervision.v1.AlertOuterClass.Alert;
import supervision.v1.AlertServiceOuterClass.AlertUpdate;

/** What the programs that listen do with an update. */
final class Updates {
  private Updates() {}

  static void tell(AlertUpdate update) {
    if (update.hasLeft()) {
      System.out.println(key(update));
    } else {
      Alert alert = update.getAlert();
      System.out.println(
          key(update) + " " + alert.getScenario() + " " + alert.getRisk() + " " + alert.getTitle());
    }
    System.out.flush();
  }

  /** The same for an update that comes again. */
  static String key(AlertUpdate update) {
    return update.hasLeft()
        ? "left " + update.getLeft().getAlertId() + " " + update.getLeft().getVersion()
        : "alert " + update.getAlert().getId() + " " + update.getAlert().getVersion();
  }
}
