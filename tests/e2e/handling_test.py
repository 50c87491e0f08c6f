"""Handling of alerts and back-fill by supervisionctl against the real service."""

import json

import harness
from harness import HANDLER, MONITOR, OTHER_PARTNER, clue

NOTE = "已电话核实"


class HandlingTest(harness.ServiceTest):
    def handle(self, *arguments, token=HANDLER):
        return self.service.ctl(*arguments, token=token)

    def alerts(self, *arguments):
        result = self.handle("alerts", "--json", *arguments)
        self.assert_exit(result, 0)
        return [alert["id"] for alert in self.json_lines(result)]

    def receipt(self, result):
        self.assert_exit(result, 0)
        return json.loads(result.stdout)["receipt"]

    def test_from_open_to_resolved_and_back(self):
        alert = self.service.submit(clue("H-1"))["alert_id"]
        other = self.service.submit(clue("H-2"))["alert_id"]
        acknowledged = self.receipt(self.handle("ack", alert, "--for", "3d", "--note", NOTE, "--json",
                                                "--request-id", "ack-1"))
        self.assertEqual(acknowledged["state"], "ALERT_STATE_ACKNOWLEDGED")
        self.assertTrue(acknowledged["handling"]["acknowledged_until"])
        self.assertEqual(self.receipt(self.handle("assign", alert, "--json"))["handling"]["owner"],
                         "example-handler")
        self.assertEqual(self.alerts("--state", "open"), [other])
        self.assertEqual(self.alerts("--state", "acknowledged", "--owner", "example-handler"),
                         [alert])
        table = self.handle("alerts")
        self.assert_exit(table, 0)
        for word in ("acknowledged", "example-handler", "open", "min"):
            self.assertIn(word, table.stdout)

        stale = self.handle("resolve", alert, "--outcome", "handled", "--etag", acknowledged["etag"])
        self.assert_exit(stale, 5)
        resolved = self.receipt(self.handle("resolve", alert, "--outcome", "transferred", "--note",
                                            "已移交", "--json"))
        self.assertEqual(resolved["handling"]["outcome"], "ALERT_OUTCOME_TRANSFERRED")
        self.assert_exit(self.handle("ack", alert), 5)
        self.assert_exit(self.handle("reopen", alert), 0)
        self.assert_exit(self.handle("ack", alert), 0)
        self.assert_exit(self.handle("unack", alert), 0)

        history = self.handle("get", alert, "--history", token=MONITOR)
        self.assert_exit(history, 0)
        self.assertIn(NOTE, history.stdout)
        self.assertIn("resolved, transferred by example-handler", history.stdout)
        shown = self.service.ctl("get", self.clue_of(alert))
        self.assert_exit(shown, 0)
        self.assertNotIn(NOTE, shown.stdout, "the partner is never told the note")
        self.assertNotIn("example-handler", shown.stdout)

        watched = self.service.ctl("watch", "--from", "earliest", "--count", "8", token=MONITOR)
        self.assert_exit(watched, 0)
        for words in ("[acknowledged by example-handler until ", f"“{NOTE}”",
                      "[assigned to example-handler by example-handler]", "[reopened by ",
                      "[acknowledgement taken back by "):
            self.assertIn(words, watched.stdout)

    def clue_of(self, alert):
        return json.loads(self.handle("get", alert, "--json").stdout.splitlines()[0])["clue_id"]

    def test_mistakes_are_told(self):
        alert = self.service.submit(clue("H-3"))["alert_id"]
        self.assert_exit(self.handle("ack", alert, "--for", "soon"), 1)
        self.assert_exit(self.handle("resolve", alert, "--outcome", "nonsense"), 1)
        self.assert_exit(self.handle("ack", alert, token=MONITOR), 4)
        self.assert_exit(self.handle("ack", "a00"), 6)
        self.assert_exit(self.handle("assign", alert, "--to", "nobody"), 5)

    def test_history_alerts_nobody(self):
        refused = self.service.ctl("submit", "--ndjson", "--backfill",
                                   stdin=json.dumps({"clue": clue("B-1")}) + "\n")
        self.assert_exit(refused, 2)
        accepted = self.service.ctl("submit", "--ndjson", "--backfill", "--json", token=OTHER_PARTNER,
                                    stdin=json.dumps({"clue": clue("B-1")}) + "\n")
        self.assert_exit(accepted, 0)
        [answer] = self.json_lines(accepted)
        self.assertEqual(answer["receipt"]["alert_id"], "")
        live = self.service.submit(clue("B-2"))["alert_id"]
        self.assertEqual(self.alerts("--limit", "1"), [live])
        listed = self.json_lines(self.service.ctl("list", "--json", "--limit", "2", token=MONITOR))
        self.assertEqual([one["backfill"] for one in listed], [False, True])
        shown = self.service.ctl("list", "--limit", "2", token=MONITOR).stdout.splitlines()
        self.assertEqual(["[history] " in line for line in shown], [False, False, True], shown)
        self.assertIn("alerted nobody",
                      self.service.ctl("get", answer["receipt"]["clue_id"], token=MONITOR).stdout)


if __name__ == "__main__":
    harness.main()
