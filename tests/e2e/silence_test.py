"""supervisionctl silence, alerts --silenced and why against the real service."""

import json

import harness
from harness import MONITOR, PETITION, clue


class SilenceTest(harness.ServiceTest):
    def ctl(self, *arguments, **more):
        return self.service.ctl(*arguments, token=MONITOR, **more)

    def submit(self, record, unit):
        # Not HIGH: a silence hides no HIGH.
        return self.service.submit(clue(record, "信访超期", PETITION,
                                        reported_unit={"name": unit}))["alert_id"]

    def add(self, *arguments):
        result = self.ctl("silence", "add", "--json", *arguments)
        self.assert_exit(result, 0)
        return json.loads(result.stdout)

    def ids(self, *arguments):
        result = self.ctl("alerts", "--json", *arguments)
        self.assert_exit(result, 0)
        return [alert["id"] for alert in self.json_lines(result)]

    def test_what_is_silenced_is_hidden_shown_on_demand_and_explained(self):
        unit = "某县某镇甲局"
        before = self.submit("SI-1", unit)
        preview = self.ctl("silence", "preview", "--unit", unit, "--json")
        self.assert_exit(preview, 0)
        answer = json.loads(preview.stdout)["now"]
        self.assertEqual(int(answer.get("alerts", 0)) + int(answer.get("too_grave", 0)), 1)
        silence = self.add("--unit", unit, "--for", "2h", "--reason", "系统割接")
        after = self.submit("SI-2", unit)
        self.assertEqual(self.ids("--unit", unit), [])
        self.assertEqual(sorted(self.ids("--unit", unit, "--silenced")), sorted([before, after]))
        why = self.ctl("why", after)
        self.assert_exit(why, 0)
        self.assertIn("is not told of it", why.stdout)
        self.assertRegex(why.stdout, rf"(?m)^ +{silence['id']}  until .*, by example-monitor: 系统割接$")
        self.assertRegex(self.ctl("silence", "get", silence["id"]).stdout, r"(?m)^reason +系统割接$")
        self.assert_exit(self.ctl("silence", "get", "s0"), 6)
        self.assertIn("静默", self.ctl("why", after, "--lang", "zh").stdout)
        listed = self.ctl("silence", "list").stdout
        self.assertIn(silence["id"], listed)
        self.assertIn(f'unit = "{unit}"', listed)
        later = self.ctl("silence", "extend", silence["id"], "--for", "3h", "--json")
        self.assert_exit(later, 0)
        self.assertGreater(json.loads(later.stdout)["ends_at"], silence["ends_at"])
        self.assert_exit(self.ctl("silence", "expire", silence["id"]), 0)
        self.assertEqual(len(self.ids("--unit", unit)), 2)
        self.assertNotIn(silence["id"], self.ctl("silence", "list").stdout)
        self.assertIn(silence["id"], self.ctl("silence", "list", "--ended").stdout)

    def test_mistakes_are_named(self):
        endless = ["silence", "add", "--unit", "某局", "--reason", "无"]
        self.assert_exit(self.ctl(*endless), 1)
        self.assertIn("请给出一个结束时间", self.ctl(*endless, "--lang", "zh").stderr)
        self.assert_exit(self.ctl("silence", "add", "--unit", "某局", "--for", "soon",
                                  "--reason", "无"), 1)
        too_long = self.ctl("silence", "add", "--unit", "某局", "--for", "91d", "--reason", "无")
        self.assertNotEqual(too_long.returncode, 0)
        self.assertIn("90 days", too_long.stderr)
        wrong = self.ctl("silence", "add", "--filter", "colour = RED", "--for", "1d",
                         "--reason", "无")
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("column", wrong.stderr)
        self.assert_exit(self.ctl("silence", "expire", "s0"), 6)


if __name__ == "__main__":
    harness.main()
