"""The same matter reported by several partners, as a person meets it: one alert that grows, says who
reported it and why that belongs together, and goes on when the service was away."""

import json

import harness
from harness import MONITOR, OTHER_PARTNER, PARTNER, clue, eventually

ROUTES = """version: "1"
routes:
  - id: same-matter
    enabled: true
    title_zh: 同一事项多方反映
    title_en: several partners report one matter
    link: {window: 30d, interval: 1s}
"""

TEXT = "县综合行政执法局对某店作出处罚决定前未告知听证权利，也未听取陈述申辩，夜间强制拆除，店主多次投诉无果。"
NUMBER = "盐综执罚决字〔2026〕第000012号"


class MattersTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        routes = cls.service.directory / "routes.yaml"
        routes.write_text(ROUTES, encoding="utf-8")
        cls.service.flags = [f"--files.routes={routes}"]
        cls.service.start().ready()
        eventually(lambda: "routes.following" in cls.service.log(), "the routes are followed")

    def told(self, watch, count):
        """The versions of matters that were told so far, once there are so many."""
        def enough():
            updates = [json.loads(line) for line in watch.lines()]
            told = [update["alert"] for update in updates
                    if update.get("alert", {}).get("kind") == "ALERT_KIND_SAME_MATTER"]
            return told if len(told) >= count else None
        return eventually(enough, f"{count} versions of a matter")

    def test_one_alert_grows_as_partners_report_and_is_told_once_over_a_restart(self):
        watch = self.background([harness.CTL, "watch", "--json", "--from", "earliest"], MONITOR)
        first = self.service.submit(clue("h-1", content=TEXT, instruments=[
            {"type": "INSTRUMENT_TYPE_PENALTY_DECISION", "number": NUMBER}]))
        # Another matter, and what the same partner repeats: told to nobody yet.
        self.service.submit(clue("h-2", content=harness.PETITION + "盐综执罚决字〔2026〕13号"))
        second = self.service.submit(clue("p-1", title="来信", content="信访人不服盐综执罚决字[2026]12号，"
                                          "行政处罚未告知听证权利。"), token=OTHER_PARTNER)
        alert = self.told(watch, 1)[0]
        self.assertEqual(alert["group"]["member_alert_ids"], [second["alert_id"], first["alert_id"]])
        self.assertEqual([link["by"] for link in alert["group"]["links"]],
                         ["LINKED_BY_NUMBER", "LINKED_BY_FIRST"])
        self.assertEqual(alert.get("partner", ""), "")

        # Nearly the same words, without the number.
        third = self.service.submit(clue("p-2", title="来电", content=TEXT.replace("，", "、")
                                         .replace("无果", "未果")), token=OTHER_PARTNER)
        alert = self.told(watch, 2)[1]
        self.assertEqual(alert["group"]["member_alert_ids"][0], third["alert_id"])
        link = alert["group"]["links"][0]
        self.assertEqual((link["by"], link["partner"]), ("LINKED_BY_TEXT", "petition-office"))
        self.assertLessEqual(link.get("distance", 0), 10)

        # The service goes and comes back: it finds the matter again from its log.
        self.service.terminate()
        self.service.start().ready()
        eventually(lambda: self.service.log().count("routes.following") >= 2, "followed again")
        self.service.ctl("withdraw", third["clue_id"], "--reason", "重复登记", token=OTHER_PARTNER)
        versions = self.told(watch, 3)
        self.assertEqual([int(version["version"]) for version in versions], [1, 2, 3])
        self.assertEqual({version["id"] for version in versions}, {alert["id"]})
        self.assertEqual(versions[2]["group"]["member_alert_ids"],
                         [second["alert_id"], first["alert_id"]])

        explained = self.service.ctl("routes", "explain", alert["id"], token=MONITOR)
        self.assert_exit(explained, 0)
        for words in (f"{second['alert_id']}  petition-office (same number)",
                      f"{first['alert_id']}  hotline-12345", "2 clues of 2 partners"):
            self.assertIn(words, explained.stdout)
        shown = self.service.ctl("get", alert["id"], token=MONITOR, LC_ALL="zh_CN.UTF-8")
        self.assertIn("同一事项", shown.stdout)
        self.assertIn("petition-office", shown.stdout)
        # Neither partner hears that the other reported the matter.
        for token in (PARTNER, OTHER_PARTNER):
            self.assertNotEqual(self.service.ctl("get", alert["id"], token=token).returncode, 0)


if __name__ == "__main__":
    harness.main()
