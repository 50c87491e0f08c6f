"""Shared subscriptions by supervisionctl, against the real service."""

import json
import re
import subprocess

import harness
from harness import CTL, MONITOR, clue, eventually


class SharingTest(harness.ServiceTest):
    """Each test has a subscription of its own, which begins behind what the others submitted."""

    def subscriptions(self, *arguments, **more):
        return self.service.ctl("subscriptions", *arguments, token=MONITOR, **more)

    def create(self, name, *arguments):
        self.assert_exit(self.subscriptions("create", name, "--shared", *arguments), 0)

    def submit_many(self, prefix, count):
        lines = "\n".join(json.dumps(clue(f"{prefix}-{i}", title=f"{prefix} {i}"))
                          for i in range(count))
        self.assert_exit(self.service.ctl("submit", "--ndjson", "--json", stdin=lines), 0)

    def state(self, name):
        result = self.subscriptions("get", name, "--json")
        self.assert_exit(result, 0)
        return json.loads(result.stdout)

    def sharer(self, name, *arguments):
        return self.background([CTL, "watch", "--subscription", name, "--share", "--json",
                                *arguments], MONITOR)

    def letters(self, name):
        result = self.subscriptions("dead-letters", "list", name, "--json")
        self.assert_exit(result, 0)
        return self.json_lines(result)

    def test_two_consumers_have_a_part_each_and_together_all(self):
        self.create("desk")
        readers = [self.sharer("desk", "--exec", "sleep 0.05") for _ in range(2)]
        eventually(lambda: self.state("desk")["sharing"].get("consumers") == 2, "both are there")
        shown = self.subscriptions("get", "desk").stdout
        self.assertEqual(len(re.findall(r"(?m)^consumer .* 127\.0\.0\.1:\d+ .*in hand 0$", shown)), 2,
                         shown)
        self.assertIn("处理方", self.subscriptions("get", "desk", "--lang", "zh").stdout)
        self.assertRegex(self.subscriptions("list").stdout, r"(?m)^desk .* 127\.0\.0\.1:\d+ \+1 ")
        self.submit_many("Desk", 20)
        eventually(lambda: int(self.state("desk")["lag"].get("alerts", 0)) == 0, "all are dealt with")
        told = [[json.loads(line)["alert"]["title"] for line in reader.lines()]
                for reader in readers]
        self.assertEqual(sorted(told[0] + told[1]), sorted(f"Desk {i}" for i in range(20)))
        self.assertTrue(told[0] and told[1])

    def test_top_shows_who_shares_it_and_what_came_of_it(self):
        self.create("shown", "--max-attempts", "1")
        self.submit_many("Shown", 1)
        failing = self.sharer("shown", "--exec", "exit 1")
        eventually(lambda: self.letters("shown"), "it is a dead letter")
        def shown():
            page = self.service.ctl("top", "--once", "--interval", "0.1", token=MONITOR)
            self.assert_exit(page, 0)
            return re.search(r"(?m)^shown +1 +0 +0 +1$", page.stdout)
        eventually(shown, "one consumer, one dead letter")
        failing.stop()

    def test_what_a_command_fails_on_is_a_dead_letter_and_can_be_replayed(self):
        self.create("strict", "--max-attempts", "2", "--min-delay", "0.01", "--max-delay", "0.01")
        self.submit_many("Strict", 2)
        failing = self.sharer("strict", "--exec", "exit 1")
        eventually(lambda: len(self.letters("strict")) == 2, "both are dead letters")
        failing.stop()
        self.assertEqual(self.letters("strict")[0]["attempts"], 2)
        self.assertIn("failed", self.letters("strict")[0]["reason"])
        self.assertIn("死信", self.subscriptions("get", "strict", "--lang", "zh").stdout)
        first = self.letters("strict")[0]["id"]
        self.assert_exit(self.subscriptions("dead-letters", "drop", "strict", "--id", first), 0)
        self.assert_exit(self.subscriptions("dead-letters", "drop", "strict", "--id", first), 6)
        self.assert_exit(self.subscriptions("dead-letters", "replay", "strict"), 0)
        told = self.service.ctl("watch", "--subscription", "strict", "--share", "--json", "--count",
                                "1", token=MONITOR)
        self.assert_exit(told, 0)
        self.assertEqual(self.letters("strict"), [])
        eventually(lambda: int(self.state("strict")["lag"].get("alerts", 0)) == 0, "it is kept")

    def test_an_alert_that_could_not_be_printed_is_rejected_with_that_reason(self):
        self.create("unread", "--max-attempts", "1", "--min-delay", "0.01", "--max-delay", "0.01")
        self.submit_many("Unread", 1)
        with open("/dev/full", "w") as full:
            reader = subprocess.run([CTL, "watch", "--subscription", "unread", "--share"], stdout=full,
                                    stderr=subprocess.PIPE, timeout=harness.PATIENCE,
                                    env=self.service.environment(MONITOR))
        self.assertEqual(reader.returncode, 1, reader.stderr)
        self.assertIn(b"standard output cannot be written", reader.stderr)
        # The next to ask for it finds that it had its only attempt.
        self.sharer("unread")
        eventually(lambda: self.letters("unread"), "it is a dead letter")
        self.assertIn("output cannot be written", self.letters("unread")[0]["reason"])

    def test_the_sample_of_the_library_has_a_person_answer_for_each_alert(self):
        self.create("team", "--min-delay", "0.01", "--max-delay", "0.01")
        self.submit_many("Team", 3)
        sample = self.background([harness.BUILD / "clients" / "examples" / "cpp" / "sample_share", "team"],
                                 MONITOR, stdin=subprocess.PIPE)

        def asked():
            return re.findall(r"(Team \d) \(y\?\)", sample.text())
        # The one that the person will not have comes again, since there is nobody else.
        for questions, answer in enumerate((b"n\n", b"y\n", b"y\n", b"y\n"), 1):
            eventually(lambda: len(asked()) == questions, f"{questions} questions are asked")
            sample.process.stdin.write(answer)
            sample.process.stdin.flush()
        eventually(lambda: int(self.state("team")["lag"].get("alerts", 0)) == 0, "all are dealt with")
        self.assertEqual(sorted(asked()), sorted(["Team 0", "Team 1", "Team 2", asked()[0]]))
        # Who goes away at the next question leaves that alert to others.
        sample.process.stdin.close()
        self.submit_many("Team later", 1)
        self.assertEqual(sample.process.wait(harness.PATIENCE), 0, sample.error_text())
        self.assertIn("Team later 0", sample.text())
        left = self.service.ctl("watch", "--subscription", "team", "--share", "--json", "--count", "1",
                                token=MONITOR)
        self.assert_exit(left, 0)
        self.assertEqual(self.json_lines(left)[0]["alert"]["title"], "Team later 0")

    def test_each_mode_is_read_in_its_own_way(self):
        self.create("shared")
        self.assert_exit(self.subscriptions("create", "alone"), 0)
        for name, arguments in (("shared", ()), ("alone", ("--share",))):
            result = self.service.ctl("watch", "--subscription", name, *arguments, token=MONITOR)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("WRONG_SUBSCRIPTION_MODE", result.stderr)
        self.assert_exit(self.subscriptions("create", "bad", "--shared", "--lease", "1"), 2)
        self.assert_exit(self.subscriptions("update", "shared", "--max-attempts", "9"), 0)
        self.assertEqual(self.state("shared")["subscription"]["sharing"]["max_attempts"], 9)

    def test_a_rule_that_is_changed_leaves_the_others_as_they_are(self):
        self.create("ruled", "--max-attempts", "1", "--max-in-flight", "20", "--lease", "90.5")
        self.assert_exit(self.subscriptions("update", "ruled", "--lease", "300"), 0)
        rules = self.state("ruled")["subscription"]["sharing"]
        self.assertEqual((rules["max_attempts"], rules["max_in_flight"], rules["lease"]),
                         (1, 20, "300s"))
        # Zero is a word too: what the service chooses.
        self.assert_exit(self.subscriptions("update", "ruled", "--max-attempts", "0"), 0)
        rules = self.state("ruled")["subscription"]["sharing"]
        self.assertEqual((rules["max_attempts"], rules["max_in_flight"], rules["lease"]),
                         (5, 20, "300s"))


if __name__ == "__main__":
    harness.main()
