"""Reading, listing, revising and withdrawing by supervisionctl against the real service."""

import json

import harness
from harness import MONITOR, OTHER_PARTNER, PARTNER, PETITION, clue


class ReadTest(harness.ServiceTest):
    def get(self, *arguments, **more):
        return self.service.ctl("get", *arguments, **more)

    def test_a_clue_is_found_by_id_record_and_alert(self):
        receipt = self.service.submit(clue("G-1"))
        by_id = self.get(receipt["clue_id"])
        self.assert_exit(by_id, 0)
        for part in (receipt["clue_id"], "G-1", "330424", "某县综合行政执法局", "【"):
            self.assertIn(part, by_id.stdout)
        by_record = json.loads(self.get("--record", "G-1", "--json").stdout)
        self.assertEqual(by_record["id"], receipt["clue_id"])
        by_monitor = json.loads(self.get("--partner", by_record["partner"], "--record", "G-1",
                                         "--json", token=MONITOR).stdout)
        self.assertEqual(by_monitor["id"], receipt["clue_id"])
        alert = json.loads(self.get(receipt["alert_id"], "--json", token=MONITOR).stdout)
        self.assertEqual(alert["clue_id"], receipt["clue_id"])

    def test_a_clue_without_a_record_is_found_by_its_request_id(self):
        receipt = self.service.submit(clue(""), request_id="only-this")
        found = json.loads(self.get("--request", "only-this", "--json").stdout)
        self.assertEqual(found["id"], receipt["clue_id"])

    def test_what_is_not_within_view_is_not_found(self):
        receipt = self.service.submit(clue("G-2"))
        self.assert_exit(self.get("--record", "no-such"), 6)
        self.assert_exit(self.get("no-such-id"), 6)
        self.assert_exit(self.get(receipt["clue_id"], token=OTHER_PARTNER), 6)
        self.assert_exit(self.get(), 1)


class ListTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = [clue(f"L-{i}", title=f"拆除 {i}") for i in range(12)]
        lines += [clue(f"P-{i}", title=f"信访 {i}", content=PETITION, region="330483")
                  for i in range(3)]
        for line in lines:
            cls.service.submit(line)

    def list(self, *arguments, **more):
        return self.service.ctl("list", *arguments, **more)

    def titles(self, *arguments, **more):
        result = self.list("--json", *arguments, **more)
        self.assert_exit(result, 0)
        return [line["title"] for line in self.json_lines(result)]

    def test_newest_first_and_by_every_filter(self):
        every = [f"信访 {i}" for i in (2, 1, 0)] + [f"拆除 {i}" for i in range(11, -1, -1)]
        self.assertEqual(self.titles(), every)
        self.assertEqual(self.titles("--scenario", "petition-dispute"), every[:3])
        self.assertEqual(self.titles("--region", "330424"), every[3:])
        self.assertEqual(self.titles("--unit", "某县综合行政执法局"), every)
        self.assertEqual(self.titles("--unit", "无此单位"), [])
        self.assertEqual(self.titles("--since", "2000-01-01"), every)
        self.assertEqual(self.titles("--before", "2000-01-01"), [])
        self.assertEqual(self.titles("--state", "withdrawn"), [])
        self.assertEqual(self.titles(token=OTHER_PARTNER), [])
        self.assertEqual(self.titles("--alerts", token=MONITOR), every)

    def test_pages_go_on_where_the_last_one_ended(self):
        titles, token = [], []
        for _ in range(4):
            result = self.list("--json", "--limit", "4", *token)
            self.assert_exit(result, 0)
            titles += [line["title"] for line in self.json_lines(result)]
            if "--page-token" in result.stderr:
                token = ["--page-token", result.stderr.split("--page-token ")[1].strip()]
        self.assertEqual(titles, self.titles())

    def test_a_table_is_aligned_by_columns(self):
        result = self.list("--lang", "zh", "--limit", "3")
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[0].startswith("编号"))

        def column(line, text):
            return sum(2 if ord(c) > 0x2E7F else 1 for c in line[:line.index(text)])
        self.assertEqual({column(line, "某县") for line in lines[1:]},
                         {column(lines[0], "责任单位")})
        self.assertNotIn("\033", result.stdout)

    def test_mistakes_are_named(self):
        self.assert_exit(self.list("--since", "yesterday"), 1)
        self.assert_exit(self.list("--state", "gone"), 1)
        token = self.list("--page-token", "no-token")
        self.assert_exit(token, 2)
        self.assertIn("PAGE_TOKEN_INVALID", token.stderr)


class ChangeTest(harness.ServiceTest):
    def told_of(self, receipt, count):
        """The versions of an alert that a monitor is told, once there are so many."""
        def of_it(lines):
            return [line["alert"] for line in lines
                    if line.get("alert", {}).get("id") == receipt["alert_id"]]
        return of_it(self.watch_until(lambda lines: len(of_it(lines)) >= count, "--from", "earliest"))

    def test_a_revision_is_a_new_version_that_monitors_hear(self):
        receipt = self.service.submit(clue("C-1"))
        result = self.service.ctl("revise", receipt["clue_id"], "--title", "改正后的标题", "--json")
        self.assert_exit(result, 0)
        self.assertEqual(json.loads(result.stdout)["receipt"]["version"], 2)
        stored = json.loads(self.service.ctl("get", receipt["clue_id"], "--json").stdout)
        self.assertEqual(stored["content"]["title"], "改正后的标题")
        self.assertEqual(stored["content"]["source_record_id"], "C-1")
        alerts = self.told_of(receipt, 2)
        self.assertEqual(alerts[-1]["kind"], "ALERT_KIND_CLUE_REVISED")
        self.assertEqual(alerts[-1]["title"], "改正后的标题")

    def test_a_change_to_a_version_that_is_no_more_is_a_conflict(self):
        receipt = self.service.submit(clue("C-2"))
        self.assert_exit(self.service.ctl("revise", receipt["clue_id"], "--title", "一"), 0)
        result = self.service.ctl("revise", receipt["clue_id"], "--title", "二", "--etag",
                                  receipt["etag"])
        self.assert_exit(result, 5)
        self.assertIn("ETAG_MISMATCH", result.stderr)

    def test_repeating_a_change_gives_the_first_answer(self):
        receipt = self.service.submit(clue("C-3"))
        change = ("revise", receipt["clue_id"], "--title", "一", "--etag", receipt["etag"],
                  "--request-id", "change-3", "--json")
        first = self.service.ctl(*change)
        second = self.service.ctl(*change)
        self.assert_exit(second, 0)
        self.assertEqual(first.stdout, second.stdout)

    def test_a_withdrawn_clue_is_told_and_takes_no_change(self):
        receipt = self.service.submit(clue("C-4"))
        result = self.service.ctl("withdraw", receipt["clue_id"], "--reason", "重复登记")
        self.assert_exit(result, 0)
        self.assertIn("withdrawn", self.service.ctl("get", receipt["clue_id"]).stdout)
        again = self.service.ctl("revise", receipt["clue_id"], "--title", "一")
        self.assert_exit(again, 5)
        self.assertIn("CLUE_WITHDRAWN", again.stderr)
        self.assertEqual(self.told_of(receipt, 2)[-1]["kind"], "ALERT_KIND_CLUE_WITHDRAWN")
        self.assert_exit(self.service.ctl("withdraw", receipt["clue_id"]), 1)

    def test_an_alert_that_no_longer_passes_the_filter_leaves_the_view(self):
        watch = self.background([harness.CTL, "watch", "--json", "--from", "earliest", "--unit",
                                 "搬走的单位"], MONITOR)
        content = clue("C-5", reported_unit={"name": "搬走的单位"})
        receipt = self.service.submit(content)
        watch.wait_for_lines(1)
        self.assert_exit(self.service.ctl("revise", receipt["clue_id"], "--unit", "别的单位"), 0)
        left = json.loads(watch.wait_for_lines(2)[1])["left"]
        self.assertEqual(left["alert_id"], receipt["alert_id"])

    def test_only_its_partner_may_change_a_clue(self):
        receipt = self.service.submit(clue("C-6"), token=PARTNER)
        for token, code in ((OTHER_PARTNER, 6), (MONITOR, 4)):
            result = self.service.ctl("withdraw", receipt["clue_id"], "--reason", "x", "--etag",
                                      receipt["etag"], token=token)
            self.assert_exit(result, code)


if __name__ == "__main__":
    harness.main()
