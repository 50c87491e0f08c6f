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
    link: {window: 30d, interval: 1s, silence_low: true}
"""

TEXT = "县综合行政执法局对某店作出处罚决定前未告知听证权利，也未听取陈述申辩，夜间强制拆除，店主多次投诉无果。"
LOW = "县综合行政执法局的盐综执罚决字〔2026〕14号处罚决定书没有写明救济途径。"
HIGH = "多人集体上访，扬言自焚，" + harness.ENFORCEMENT + "盐综执罚决字〔2026〕14号"
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

    def told(self, watch, member, count):
        """The versions of the matter of a clue that were told so far, once there are so many."""
        def enough():
            alerts = [json.loads(line).get("alert", {}) for line in watch.lines()]
            told = [alert for alert in alerts
                    if alert.get("kind") == "ALERT_KIND_SAME_MATTER"
                    and member["alert_id"] in alert["group"]["member_alert_ids"]]
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
        alert = self.told(watch, first, 1)[0]
        self.assertEqual(alert["group"]["member_alert_ids"], [second["alert_id"], first["alert_id"]])
        self.assertEqual([link["by"] for link in alert["group"]["links"]],
                         ["LINKED_BY_NUMBER", "LINKED_BY_FIRST"])
        self.assertEqual(alert.get("partner", ""), "")

        # Nearly the same words, without the number.
        third = self.service.submit(clue("p-2", title="来电", content=TEXT.replace("，", "、")
                                         .replace("无果", "未果")), token=OTHER_PARTNER)
        alert = self.told(watch, first, 2)[1]
        self.assertEqual(alert["group"]["member_alert_ids"][0], third["alert_id"])
        link = alert["group"]["links"][0]
        self.assertEqual((link["by"], link["partner"]), ("LINKED_BY_TEXT", "petition-office"))
        self.assertLessEqual(link.get("distance", 0), 10)

        # The service goes and comes back: it finds the matter again from its log.
        self.service.terminate()
        self.service.start().ready()
        eventually(lambda: self.service.log().count("routes.following") >= 2, "followed again")
        self.service.ctl("withdraw", third["clue_id"], "--reason", "重复登记", token=OTHER_PARTNER)
        versions = self.told(watch, first, 3)
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
        listed = self.service.ctl("alerts", token=MONITOR)
        self.assertIn("← hotline-12345 / ", listed.stdout)
        # Neither partner hears that the other reported the matter.
        for token in (PARTNER, OTHER_PARTNER):
            self.assertNotEqual(self.service.ctl("get", alert["id"], token=token).returncode, 0)

    def test_a_high_of_a_matter_silences_its_low_and_why_says_so(self):
        unit = {"name": "某县某镇综合执法队"}  # whose texts are compared with no other test's
        low = self.service.submit(clue("l-1", title="来电", content=LOW, reported_unit=unit))
        self.assertEqual(low["verdict"]["risk"], "RISK_LOW")
        high = self.service.submit(clue("g-1", content=HIGH, reported_unit=unit),
                                   token=OTHER_PARTNER)
        self.assertEqual(high["verdict"]["risk"], "RISK_HIGH")

        def listed(*more):
            result = self.service.ctl("alerts", "--json", *more, token=MONITOR)
            return {alert["id"]: alert for alert in self.json_lines(result)}

        eventually(lambda: low["alert_id"] not in listed(), "the lesser alert is silent")
        self.assertIn(high["alert_id"], listed())
        hidden = listed("--silenced")[low["alert_id"]]
        self.assertEqual(len(hidden["silenced_by"]), 1)
        matter = next(alert for alert in listed().values()
                      if low["alert_id"] in alert.get("group", {}).get("member_alert_ids", []))
        self.assertEqual(matter["risk"], "RISK_HIGH")

        why = self.service.ctl("why", low["alert_id"], token=MONITOR)
        self.assert_exit(why, 0)
        # It was told before the graver one came; what becomes of it is not.
        self.assertIn("is told of it", why.stdout)
        self.assertIn("made since hides later versions", why.stdout)
        self.assertIn(hidden["silenced_by"][0], why.stdout)
        grave = self.service.ctl("why", matter["id"], token=MONITOR)
        self.assert_exit(grave, 0)
        self.assertIn("its LOW alerts are silenced", grave.stdout)
        silences = self.json_lines(self.service.ctl("silence", "list", "--json", token=MONITOR))
        silence = next(one for one in silences if one["id"] == hidden["silenced_by"][0])
        self.assertIn(matter["id"], silence["reason"])
        self.assertIn("example-monitor", silence["receivers"])
        # Who does not see the matter goes on being told of its member.
        self.assertNotIn("example-handler-petition", silence["receivers"])


if __name__ == "__main__":
    harness.main()
