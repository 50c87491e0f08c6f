"""Alerts about several clues: routes that are tried, switched on while the service runs, and explained."""

import json

import harness
from harness import HANDLER, MONITOR, PETITION, ROOT, clue, eventually

SHIPPED = ROOT / "deploy" / "config"

ROUTES = """version: "{version}"
routes:
  - id: unit-repeats
    enabled: {enabled}
    title_zh: 同一单位多条线索
    title_en: several clues about one unit
    by: [UNIT]
    threshold: {{at_least: 3, window: {window}}}
"""


class RoutesTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        cls.routes = cls.service.directory / "routes.yaml"
        cls.write(enabled="false")
        cls.service.flags = [f"--files.routes={cls.routes}"]
        cls.service.start().ready()

    @classmethod
    def write(cls, enabled="true", version="1", window="1d"):
        changed = cls.routes.with_suffix(".new")
        changed.write_text(ROUTES.format(enabled=enabled, version=version, window=window),
                           encoding="utf-8")
        changed.rename(cls.routes)

    def log_says(self, words, times=1):
        eventually(lambda: self.service.log().count(words) >= times, words)

    def test_a_route_is_switched_on_tells_once_and_is_explained(self):
        for number in range(3):
            self.service.submit(clue(f"before-{number}", title="夜间"))
        # A mistake leaves what was there, and is told with its line.
        self.write(window="0s", version="2")
        self.log_says("routes_rejected")
        self.assertIn(f"{self.routes}:8", self.service.log())
        self.write(version="3")
        self.log_says("routes.following")
        watch = self.background([harness.CTL, "watch", "--json", "--from", "earliest"], MONITOR)
        self.service.submit(clue("after"))
        told = json.loads(watch.wait_for_lines(5)[4])["alert"]
        self.assertEqual(told["kind"], "ALERT_KIND_THRESHOLD_REACHED")
        self.assertNotIn("clue_id", {name for name, value in told.items() if value})
        self.assertEqual(int(told["group"]["members"]), 4)
        self.assertIn("1天内4条线索", told["group"]["arithmetic_zh"])

        explained = self.service.ctl("routes", "explain", told["id"], token=MONITOR)
        self.assert_exit(explained, 0)
        for words in ("several clues about one unit", "unit = 某县综合行政执法局", "within 1 day"):
            self.assertIn(words, explained.stdout)
        why = self.service.ctl("why", told["id"], token=MONITOR)
        self.assert_exit(why, 0)
        for words in ("is told of it", "The route unit-repeats", "The route is on"):
            self.assertIn(words, why.stdout)
        member = told["group"]["member_alert_ids"][0]
        self.assertIn("no route raised it",
                      self.service.ctl("why", member, token=MONITOR).stdout)
        self.assert_exit(self.service.ctl("get", member, token=MONITOR), 0)
        self.assert_exit(self.service.ctl("routes", "explain", member, token=MONITOR), 1)
        # It is no clue, though it is listed among the alerts.
        listed = self.service.ctl("alerts", "--json", token=MONITOR)
        self.assertIn(told["id"], [alert["id"] for alert in self.json_lines(listed)])
        self.assert_exit(self.service.ctl("get", "c" + told["id"][1:], token=MONITOR), 6)

    def test_the_shipped_routes_hold(self):
        for place in (SHIPPED, SHIPPED / "routes.yaml"):
            result = self.service.ctl("routes", "test", place)
            self.assert_exit(result, 0)
            self.assertIn("0 of them on", result.stdout)
            self.assertNotIn(" 0 tests", result.stdout)

    def test_where_no_routes_are_nothing_holds(self):
        for place in (self.service.directory / "absent", self.service.directory / "data"):
            result = self.service.ctl("routes", "test", place)
            self.assert_exit(result, 1)
            self.assertIn("no file of routes", result.stderr)

    def test_each_mistake_is_a_line(self):
        wrong = self.service.directory / "wrong.yaml"
        wrong.write_text(ROUTES.format(enabled="maybe", version="1", window="0s"), encoding="utf-8")
        result = self.service.ctl("routes", "test", wrong)
        self.assert_exit(result, 1)
        places = [line.split(":")[1] for line in result.stderr.splitlines() if "wrong.yaml:" in line]
        self.assertEqual(places, ["4", "8"], result.stderr)

    def test_a_route_to_nobody_is_named_by_the_command_and_in_the_log(self):
        folder = self.service.directory / "to-nobody"
        folder.mkdir()
        text = ROUTES.format(enabled="true", version="4", window="1d")
        narrow = text.replace("    by: [UNIT]", "    filter: 'region : \"42\"'\n    by: [UNIT]")
        (folder / "routes.yaml").write_text(narrow, encoding="utf-8")
        (folder / "principals.yaml").write_text(
            'principals:\n  - {id: m, roles: [MONITOR], regions: ["33"], certificates: ["DNS:m"]}\n',
            encoding="utf-8")
        told = self.service.ctl("routes", "test", folder)
        self.assert_exit(told, 1)
        self.assertIn("routes.yaml:3: the route unit-repeats tells nobody", told.stderr)
        # Nobody is told of here, so nobody is looked for.
        (folder / "principals.yaml").unlink()
        self.assert_exit(self.service.ctl("routes", "test", folder), 0)

        service = harness.Service()
        (service.directory / "routes.yaml").write_text(narrow, encoding="utf-8")
        (service.directory / "principals.yaml").write_text(
            (SHIPPED / "principals.yaml").read_text(encoding="utf-8").replace(
                "roles: [MONITOR]\n", "roles: [MONITOR]\n    regions: [\"33\"]\n", 1).replace(
                "roles: [HANDLER]\n", "roles: [HANDLER]\n    regions: [\"33\"]\n", 1).replace(
                "roles: [REVIEWER]\n", "roles: [REVIEWER]\n    regions: [\"33\"]\n", 1), encoding="utf-8")
        service.flags = [f"--files.{name}={service.directory / (name + '.yaml')}"
                         for name in ("routes", "principals")]
        self.addCleanup(service.terminate)
        service.start().ready()
        self.assertEqual(service.log().count("route_to_nobody"), 1, service.log())


HISTORY = """version: "1"
routes:
  - id: record
    enabled: true
    title_zh: 结合单位历史上调风险
    title_en: graver with the unit's history
    by: [UNIT]
    raise:
      addends:
        - {counts: HANDLED, window: 366d, free: 1, points_each: 50, points_most: 50}
"""


class RaiseTest(harness.ServiceTest):
    """A clue becomes graver by what was found true about its unit before the service was started."""

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service().start().ready()

    def petition(self, record):
        receipt = self.service.submit(clue(record, title="信访", content=PETITION))
        self.assertEqual(receipt["verdict"]["risk"], "RISK_MEDIUM")
        return receipt["alert_id"]

    def test_each_addend_of_a_risk_is_told_and_explained(self):
        for number in range(2):
            alert = self.petition(f"before-{number}")
            self.assert_exit(self.service.ctl("resolve", alert, "--outcome", "handled", token=HANDLER), 0)
        self.service.terminate()
        routes = self.service.directory / "routes.yaml"
        routes.write_text(HISTORY, encoding="utf-8")
        self.service.flags.append(f"--files.routes={routes}")
        self.service.start().ready()
        eventually(lambda: "routes.following" in self.service.log(), "routes.following")
        newest = self.petition("after")

        watch = self.background([harness.CTL, "watch", "--json", "--from", "earliest"], MONITOR)
        told = json.loads(watch.wait_for_lines(6)[5])["alert"]
        self.assertEqual(told["kind"], "ALERT_KIND_RISK_RAISED")
        self.assertEqual(told["risk"], "RISK_HIGH")
        self.assertEqual(told["group"]["member_alert_ids"][0], newest)
        self.assertEqual([reason["code"] for reason in told["risk_reasons"]],
                         ["OWN", "ROUTE:record:HANDLED"])
        explained = self.service.ctl("routes", "explain", told["id"], token=MONITOR)
        self.assert_exit(explained, 0)
        for words in ("the clue's own points", "+50  2 others of the same unit found true",
                      "together; its level begins at 70"):
            self.assertIn(words, explained.stdout)


PERSONS = """version: "1"
routes:
  - id: persons
    enabled: true
    title_zh: 同一单位涉及多人
    title_en: many persons hit by one unit
    by: [UNIT]
    raise:
      addends:
        - {counts: PERSONS, window: 30d, free: 4, points_each: 10, points_most: 10}
        - {counts: PERSONS, window: 30d, free: 29, points_each: 15, points_most: 15}
"""


# 45 points of its own, and 10 with the twenty persons that are told with it.
OVERDUE = "信访事项受理后超过六十日未办结，未出具信访答复意见书。"


class PersonsTest(harness.ServiceTest):
    """Spread by persons: what partners give is added up over clues, each matter once, over a restart."""

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        routes = cls.service.directory / "routes.yaml"
        routes.write_text(PERSONS, encoding="utf-8")
        cls.service.flags = [f"--files.routes={routes}"]
        cls.service.start().ready()

    def petition(self, record, number):
        receipt = self.service.submit(clue(
            record, title="信访", content=OVERDUE, persons_affected=20,
            instruments=[{"type": "INSTRUMENT_TYPE_PENALTY_DECISION", "number": f"某综执罚决字〔2026〕{number}号"}]))
        self.assertEqual(receipt["verdict"]["risk"], "RISK_MEDIUM")

    def test_two_matters_of_twenty_persons_are_forty_and_one_told_twice_is_twenty(self):
        self.petition("first", 12)
        self.petition("again", 12)
        before = self.service.log().count("routes.following")
        self.service.terminate()
        self.service.start().ready()
        eventually(lambda: self.service.log().count("routes.following") > before,
                   "routes.following once more")
        self.petition("other", 13)
        watch = self.background([harness.CTL, "watch", "--json", "--from", "earliest"], MONITOR)
        told = json.loads(watch.wait_for_lines(4)[3])["alert"]
        self.assertEqual(told["kind"], "ALERT_KIND_RISK_RAISED")
        self.assertEqual([reason["code"] for reason in told["risk_reasons"]],
                         ["OWN", "ROUTE:persons:PERSONS"])
        self.assertEqual(int(told["group"]["members"]), 2)
        self.assertIn("30天内共涉及不少于40人，加15分", told["group"]["arithmetic_zh"])


if __name__ == "__main__":
    harness.main()
