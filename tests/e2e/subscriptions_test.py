"""supervisionctl subscriptions and watch --subscription against the real service."""

import json
import signal

import harness
from harness import CTL, MONITOR, clue, eventually


class SubscriptionsTest(harness.ServiceTest):
    """Each test has a subscription of its own, which begins behind what the others submitted."""

    def subscriptions(self, *arguments, **more):
        return self.service.ctl("subscriptions", *arguments, token=MONITOR, **more)

    def read(self, name, *arguments):
        return self.service.ctl("watch", "--subscription", name, "--json", *arguments, token=MONITOR)

    def create(self, name, *arguments):
        self.assert_exit(self.subscriptions("create", name, *arguments), 0)

    def submit_many(self, prefix, count, **more):
        lines = "\n".join(json.dumps(clue(f"{prefix}-{i}", title=f"{prefix} {i}", **more))
                          for i in range(count))
        self.assert_exit(self.service.ctl("submit", "--ndjson", "--json", stdin=lines), 0)

    def titles(self, result):
        return sorted(line["alert"]["title"] for line in self.json_lines(result))

    def behind(self, name):
        result = self.subscriptions("get", name, "--json")
        self.assert_exit(result, 0)
        return int(json.loads(result.stdout)["lag"]["alerts"])

    def test_made_listed_read_changed_and_deleted(self):
        self.create("s1", "--min-risk", "low", "--region", "3304")
        listed = self.subscriptions("list")
        self.assertIn("s1", listed.stdout)
        self.assert_exit(self.subscriptions("create", "s1"), 5)
        self.assert_exit(self.subscriptions("update", "s1", "--region", "3301"), 0)
        read = json.loads(self.subscriptions("get", "s1", "--json").stdout)["subscription"]
        self.assertEqual(read["filter"]["region_prefix"], "3301")
        shown = self.subscriptions("get", "s1", "--lang", "zh").stdout
        self.assertRegex(shown, r"(?m)^连接 ")
        # As a person would write it, and may give it to --filter.
        self.assertRegex(shown, r'(?m)^条件 +region : "3301"$')
        self.assert_exit(self.subscriptions("delete", "s1"), 0)
        self.assert_exit(self.subscriptions("get", "s1"), 6)
        self.assert_exit(self.subscriptions("create", "two words"), 2)

    def test_what_was_told_does_not_come_again(self):
        self.create("s2")
        self.submit_many("S2", 5)
        self.assertEqual(self.behind("s2"), 5)
        shown = self.subscriptions("get", "s2", LC_ALL="C").stdout
        self.assertRegex(shown, r"(?m)^behind +5 alerts, \d+ s$")
        self.assertRegex(shown, r"(?m)^oldest +a\w+$")
        first = self.read("s2", "--count", "2")
        self.assert_exit(first, 0)
        second = self.read("s2", "--count", "3")
        self.assert_exit(second, 0)
        self.assertEqual(sorted(self.titles(first) + self.titles(second)),
                         [f"S2 {i}" for i in range(5)])
        eventually(lambda: self.behind("s2") == 0, "all are acknowledged")

    def test_what_a_failed_command_did_not_deal_with_comes_again(self):
        self.create("s3")
        self.submit_many("S3", 2)
        failed = self.read("s3", "--exec", "exit 1")
        self.assert_exit(failed, 9)
        self.assertEqual(self.behind("s3"), 2)
        self.assert_exit(self.read("s3", "--exec", "cat > /dev/null", "--count", "2"), 0)
        eventually(lambda: self.behind("s3") == 0, "both are acknowledged")

    def test_goes_on_when_the_service_is_killed_and_the_later_reader_is_the_right_one(self):
        self.create("s4")
        reader = self.background([CTL, "watch", "--subscription", "s4", "--json"], MONITOR)
        self.submit_many("S4", 3)
        reader.wait_for_lines(3)
        eventually(lambda: self.behind("s4") == 0, "three are kept")
        self.service.kill()
        self.service.start().ready()
        self.submit_many("S4b", 2)
        told = [json.loads(line)["alert"]["id"] for line in reader.wait_for_lines(5)]
        self.assertEqual(len(set(told)), 5)
        self.assert_exit(self.read("s4", "--until-idle", "1"), 0)  # takes over
        eventually(lambda: reader.process.poll() is not None, "the older reader ends")
        self.assertEqual(reader.process.returncode, 5)
        self.assertIn("SUBSCRIPTION_TAKEN_OVER", reader.error_text())

    def test_a_signal_ends_it_and_what_was_told_is_kept(self):
        self.create("s5")
        reader = self.background([CTL, "watch", "--subscription", "s5", "--json"], MONITOR)
        self.submit_many("S5", 2)
        reader.wait_for_lines(2)
        self.assertEqual(reader.stop(signal.SIGINT), 0, reader.error_text())
        eventually(lambda: self.behind("s5") == 0, "both are acknowledged")


if __name__ == "__main__":
    harness.main()
