"""Two releases of the service on one ledger, as while replicas are upgraded one behind the other: both
take, both tell, what one has stored the other keeps, either may be restarted, and there is a way back.

SUPERVISION_PREVIOUS names a folder with the earlier release: supervisiond, and its deploy/config as
config. tests/deployment builds it; without it this release stands beside itself."""

import json
import os
import pathlib
import signal

import harness
from harness import CTL, HANDLER, MONITOR, OPERATOR, PETITION, REVIEWER, clue, eventually

# Routes are followed by one replica, which is of this release or that.
ROUTES = """version: "1"
routes:
  - id: unit-repeats
    enabled: true
    title_zh: 同一单位多条线索
    title_en: several clues about one unit
    by: [UNIT]
    threshold: {at_least: 2, window: 1d}
"""
NOTE = "已电话核实"


def earlier_release():
    folder = os.environ.get("SUPERVISION_PREVIOUS")
    if folder is None:
        return harness.THIS
    return harness.Release(pathlib.Path(folder) / "supervisiond", pathlib.Path(folder) / "config")


class UpgradeTest(harness.ServiceTest):
    """Each test has clues of its own, and leaves both releases running."""

    @classmethod
    def setUpClass(cls):
        cls.new = harness.Service()
        cls.old = harness.Service(cls.new.redis, earlier_release())
        for service in (cls.old, cls.new):
            routes = service.directory / "routes.yaml"
            routes.write_text(ROUTES, encoding="utf-8")
            service.flags += [f"--files.routes={routes}", "--drain.announce=100ms",
                              "--drain.spread=100ms"]
            service.start().ready()
        cls.service = cls.new

    @classmethod
    def tearDownClass(cls):
        cls.old.remove()
        cls.new.remove()

    def ctl(self, service, *arguments, **more):
        result = service.ctl(*arguments, **more)
        self.assert_exit(result, 0)
        return result

    def json_of(self, service, *arguments, **more):
        return json.loads(self.ctl(service, *arguments, "--json", **more).stdout)

    def alert(self, service, alert_id):
        return self.json_of(service, "get", alert_id, token=HANDLER)

    def clues(self, lines):
        """The clues that were told, without what routes tell."""
        return [line["alert"]["clue_id"] for line in lines if line["alert"].get("clue_id")]

    def watch(self, service, *arguments):
        client = harness.Background(service, [CTL, "watch", "--json", *arguments], MONITOR)
        self.addCleanup(client.stop, signal.SIGKILL)
        return client

    def either_first(self, goes_on):
        """One release begins, and the other goes on."""
        for name, first, then in (("new", self.new, self.old), ("old", self.old, self.new)):
            with self.subTest(first=name):
                goes_on(first, then)

    def test_both_take_clues_and_both_tell_of_all(self):
        before = {service: self.watch(service, "--from", "earliest")
                  for service in (self.old, self.new)}
        sent = [service.submit(clue(f"both-{i}-{service.port}"))["clue_id"]
                for i in range(10) for service in (self.old, self.new)]
        for stream in before.values():
            eventually(lambda stream=stream: set(sent) <= {
                json.loads(line)["alert"].get("clue_id") for line in stream.lines()}, "all are told")
        told = [[(json.loads(line)["alert"]["id"], json.loads(line)["alert"]["version"])
                 for line in stream.lines()] for stream in before.values()]
        both = min(map(len, told))  # one may be a little ahead
        self.assertEqual(told[0][:both], told[1][:both], "in one order")

    def test_a_request_is_answered_the_same_by_both(self):
        def goes_on(first, then):
            request = clue(f"same-{first.port}")
            made = first.submit(request, request_id=f"same-{first.port}")
            again = then.submit(request, request_id=f"same-{first.port}")
            self.assertEqual({**made, "durability": None, "repeated": None},
                             {**again, "durability": None, "repeated": None})

        self.either_first(goes_on)

    def test_a_clue_goes_on_over_both_and_keeps_what_people_did(self):
        def goes_on(first, then):
            record = f"goes-on-{first.port}"
            receipt = first.submit(clue(record))
            clue_id, alert_id = receipt["clue_id"], receipt["alert_id"]
            self.ctl(first, "assign", alert_id, token=HANDLER)
            self.ctl(first, "ack", alert_id, "--note", NOTE, token=HANDLER)
            self.ctl(then, "revise", clue_id, "--file", "-",
                     stdin=json.dumps(clue(record, title="夜间强制拆除二次")))
            for service in (first, then):
                alert = self.alert(service, alert_id)
                self.assertEqual(alert["state"], "ALERT_STATE_ACKNOWLEDGED")
                self.assertEqual(alert["handling"]["note"], NOTE)
                self.assertEqual(alert["handling"]["owner"], "example-handler")
            self.ctl(first, "review", "correct", clue_id, "--scenario", "judicial", "--risk",
                     "medium", "--reason", "判决未履行", token=REVIEWER)
            self.ctl(then, "resolve", alert_id, "--outcome", "handled", token=HANDLER)
            self.ctl(then, "withdraw", clue_id, "--reason", "重复提交")
            seen = [self.json_of(service, "get", clue_id) for service in (first, then)]
            self.assertEqual(seen[0], seen[1])
            self.assertEqual(seen[0]["state"], "CLUE_STATE_WITHDRAWN")
            self.assertEqual(self.alert(first, alert_id), self.alert(then, alert_id))
            self.assertEqual(self.alert(first, alert_id)["scenario"], "SCENARIO_JUDICIAL")

        self.either_first(goes_on)

    def test_a_place_goes_on_at_the_other(self):
        def goes_on(first, then):
            name, cursor = f"place-{first.port}", first.directory / "place.cursor"
            self.ctl(first, "subscriptions", "create", name, token=MONITOR)
            self.ctl(first, "watch", "--from", "earliest", "--count", "1", "--cursor-file", cursor,
                     token=MONITOR)
            sent = [service.submit(clue(f"{name}-{i}"))["clue_id"]
                    for i, service in enumerate((first, then, first, then))]
            begun = self.ctl(first, "watch", "--json", "--subscription", name, "--count", "2",
                             token=MONITOR)
            got = self.clues(self.json_lines(begun))
            got += self.clues(self.watch_until(
                lambda lines: sent[-1] in self.clues(lines), "--subscription", name, service=then))
            self.assertEqual([clue_id for clue_id in got if clue_id in sent], sent)
            self.watch_until(lambda lines: set(sent) <= set(self.clues(lines)), "--cursor-file", cursor,
                             service=then)

        self.either_first(goes_on)

    def test_a_silence_counts_at_both_and_either_ends_it(self):
        def goes_on(first, then):
            unit = f"某县某镇甲局{first.port}"
            silence = self.json_of(first, "silence", "add", "--unit", unit, "--for", "2h",
                                   "--reason", "系统割接", token=MONITOR)["id"]
            eventually(lambda: silence in self.ctl(then, "silence", "list", token=MONITOR).stdout,
                       "the other knows it")

            def hidden(record):
                alert = then.submit(clue(record, "信访超期", PETITION,
                                         reported_unit={"name": unit}))["alert_id"]
                listed = self.ctl(first, "alerts", "--json", "--unit", unit, token=MONITOR).stdout
                return alert not in listed

            eventually(lambda: hidden(f"silence-{os.urandom(4).hex()}"), "it hides there too")
            self.ctl(then, "silence", "expire", silence, token=MONITOR)
            self.assertNotIn(silence, self.ctl(first, "silence", "list", token=MONITOR).stdout)

        self.either_first(goes_on)

    def test_whoever_follows_the_routes_hands_them_over(self):
        told = self.watch(self.new, "--from", "earliest")

        def groups(unit):
            lines = [json.loads(line)["alert"] for line in told.lines()]
            return [int(alert["group"]["members"]) for alert in lines
                    if alert.get("group") and unit in json.dumps(alert, ensure_ascii=False)]

        def one_more(service, unit, number):
            service.submit(clue(f"{unit}-{number}", reported_unit={"name": unit}))

        for leaves, stays in ((self.old, self.new), (self.new, self.old)):
            # The stream reads at whoever stays.
            told.stop(signal.SIGKILL)
            told = self.watch(stays, "--from", "earliest")
            unit = f"某县交接局{leaves.port}"
            for number in range(2):
                one_more(stays, unit, number)
            eventually(lambda: groups(unit), "told by whoever follows them")
            self.assertEqual(leaves.terminate(), 0)
            one_more(stays, unit, 2)
            other = f"某县接手局{leaves.port}"
            for number in range(2):
                one_more(stays, other, number)
            eventually(lambda: groups(other), "told by the one that is left")
            leaves.start().ready()
            # What is told next is told behind whatever the one that has come back had to tell.
            last = f"某县末位局{leaves.port}"
            for number in range(2):
                one_more(stays, last, number)
            eventually(lambda: groups(last), "told with both")
            self.assertEqual(len(groups(other)), 1, "once")

    def test_z_the_way_back_and_forth_loses_nothing(self):
        """The last: the later release has been away, and comes again."""
        def holds(service):
            listed = self.ctl(service, "alerts", "--json", "--limit", "500", token=MONITOR)
            return {line["id"]: (line["version"], line.get("state")) for line in
                    self.json_lines(listed)}
        self.assertEqual(self.new.terminate(), 0)
        self.old.submit(clue("back-1", reported_unit={"name": "某县往返局"}))  # no route tells of one
        at_old = holds(self.old)
        self.old.terminate()
        self.new.start().ready()
        self.assertEqual(holds(self.new), at_old)
        self.new.submit(clue("forth-1", reported_unit={"name": "某县返往局"}))
        self.new.terminate()
        self.old.start().ready()
        self.assertEqual(len(holds(self.old)), len(at_old) + 1)
        self.new.start().ready()
        self.ctl(self.new, "status", token=OPERATOR)


if __name__ == "__main__":
    harness.main()
