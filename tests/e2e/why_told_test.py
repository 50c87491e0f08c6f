"""Why another principal is told of an alert, or not, and by which subscription: supervisionctl why
against the real service, with a supervisor among its principals."""

import hashlib

import harness
from harness import MONITOR, clue

SUPERVISOR = "a-supervisor-token"
SALT = b"12345678"


class WhyToldTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        principals = cls.service.directory / "principals.yaml"
        shipped = (harness.THIS.config / "principals.yaml").read_text(encoding="utf-8")
        token = hashlib.sha256(SALT + SUPERVISOR.encode()).hexdigest()
        principals.write_text(shipped + f"""
  - id: a-supervisor
    roles: [SUPERVISOR]
    token_hashes: ["{SALT.hex()}:{token}"]
""", encoding="utf-8")
        cls.service.flags.append(f"--files.principals={principals}")
        cls.service.start().ready()

    def why(self, *arguments, token=SUPERVISOR):
        result = self.service.ctl("why", *arguments, token=token)
        self.assert_exit(result, 0)
        return result.stdout

    def test_of_a_subscription_how_many_come_before_and_whether_it_has_acknowledged(self):
        made = self.service.ctl("subscriptions", "create", "night", token=MONITOR)
        self.assert_exit(made, 0)
        ids = [self.service.submit(clue(f"WT-{number}"))["alert_id"] for number in range(2)]
        asked = ("--principal", "example-monitor", "--subscription", "night")
        # The owner asks for itself, the supervisor for the owner: both hear the same.
        own = self.why(ids[1], "--subscription", "night", token=MONITOR)
        self.assertIn("nobody is connected to the subscription", own)
        self.assertRegex(own, "before it: [01]\\n")
        self.assertEqual(self.why(ids[1], *asked), own)
        read = self.service.ctl("watch", "--subscription", "night", "--json", "--count", "2",
                                token=MONITOR)
        self.assert_exit(read, 0)
        self.assertIn("The subscription has acknowledged it", self.why(ids[1], *asked))
        self.assert_exit(self.service.ctl("why", ids[1], "--principal", "example-handler",
                                          "--subscription", "night", token=SUPERVISOR), 6)

    def test_for_another_by_its_scope_and_only_by_a_supervisor(self):
        elsewhere = self.service.submit(clue("WT-far", region="330102"))["alert_id"]
        narrow = self.why(elsewhere, "--principal", "example-monitor-enforcement")
        self.assertIn("example-monitor-enforcement: is not told of it", narrow)
        self.assertIn("outside the scenarios or regions", narrow)
        self.assertIn("example-monitor: is told of it",
                      self.why(elsewhere, "--principal", "example-monitor"))
        refused = self.service.ctl("why", elsewhere, "--principal", "example-handler",
                                   token=MONITOR)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("PERMISSION_DENIED", refused.stderr)
        unfit = self.service.ctl("why", elsewhere, "--principal", "example-partner",
                                 token=SUPERVISOR)
        self.assertNotEqual(unfit.returncode, 0)
        self.assertIn("RECEIVER_UNFIT", unfit.stderr)


if __name__ == "__main__":
    harness.main()
