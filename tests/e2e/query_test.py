"""scenarios, classify, status and health of supervisionctl against the real service."""

import json
import os
import pty
import subprocess

import harness
from harness import ENFORCEMENT, MONITOR, OPERATOR


class QueryTest(harness.ServiceTest):
    def test_scenarios_are_shown_in_both_languages(self):
        english = self.service.ctl("scenarios")
        self.assert_exit(english, 0)
        self.assertEqual(len(english.stdout.splitlines()), 13)
        chinese = self.service.ctl("scenarios", "--lang", "zh")
        self.assertIn("行政执法监督", chinese.stdout)
        codes = [line["code"] for line in self.json_lines(self.service.ctl("scenarios", "--json"))]
        self.assertEqual(len(codes), 12)
        self.assertEqual(codes[-1], "OUT_OF_SCOPE")

    def test_classify_marks_the_passages_that_decided(self):
        result = self.service.ctl("classify", ENFORCEMENT, "--title", "强制拆除")
        self.assert_exit(result, 0)
        self.assertIn("ADMIN_ENFORCEMENT", result.stdout)
        self.assertIn("【", result.stdout)
        self.assertRegex(result.stdout, r"“[^”]+”  \S+")
        colored = self.service.ctl("classify", ENFORCEMENT, "--color", "always")
        self.assertIn("\033[1;7m", colored.stdout)
        self.assertNotIn("【", colored.stdout)

    def test_a_result_that_cannot_be_written_is_no_success_unless_its_reader_has_enough(self):
        def scenarios(output):
            return subprocess.run([harness.CTL, "scenarios"], stdout=output, stderr=subprocess.PIPE,
                                  timeout=harness.PATIENCE, env=self.service.environment(MONITOR))
        with open("/dev/full", "w") as full:
            result = scenarios(full)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"standard output cannot be written: No space left", result.stderr)
        ours, theirs = os.pipe()
        os.close(ours)
        with os.fdopen(theirs, "w") as nobody:
            self.assertEqual(scenarios(nobody).returncode, 0)

    def on_terminal(self, *arguments, **environment):
        """What a person sees who runs it in a terminal."""
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb") as screen:
            process = subprocess.Popen([harness.CTL, *arguments], stdout=theirs, stderr=theirs,
                                       stdin=subprocess.DEVNULL,
                                       env=self.service.environment(MONITOR, **environment))
            os.close(theirs)
            seen = b""
            try:
                while chunk := screen.read1(4096):
                    seen += chunk
            except OSError:  # how Linux says that the other side is closed
                pass
            self.assertEqual(process.wait(harness.PATIENCE), 0, seen)
        return seen.decode()

    def test_a_terminal_gets_colours_unless_told_otherwise(self):
        self.assertIn("\033[", self.on_terminal("classify", ENFORCEMENT, TERM="xterm"))
        for environment in ({"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}):
            self.assertNotIn("\033[", self.on_terminal("classify", ENFORCEMENT, **environment))
        self.assertNotIn("\033[", self.on_terminal("classify", ENFORCEMENT, "--color", "never",
                                                   TERM="xterm"))

    def test_classify_reads_standard_input_and_gives_json(self):
        verdict = json.loads(self.service.ctl("classify", "--json", stdin=ENFORCEMENT + "\n").stdout)
        self.assertEqual(verdict["scenario"], "SCENARIO_ADMIN_ENFORCEMENT")
        for span in verdict["evidence"]:
            self.assertLessEqual(span["end"], len(ENFORCEMENT))
        self.assert_exit(self.service.ctl("classify", ""), 2)

    def test_status_is_for_operators(self):
        result = self.service.ctl("status", token=OPERATOR)
        self.assert_exit(result, 0)
        self.assertRegex(result.stdout, r"ready +yes")
        self.assertRegex(result.stdout, r"durable +yes")
        status = json.loads(self.service.ctl("status", "--json", token=OPERATOR).stdout)
        self.assertTrue(status["ready"])
        self.assertEqual(len(status["ledger"]["partitions"]), 1)
        self.assert_exit(self.service.ctl("status", token=MONITOR), 4)

    def test_status_of_a_service_that_is_not_there(self):
        self.assert_exit(self.service.ctl("status", "--server", "127.0.0.1:1"), 3)
        self.assert_exit(self.service.ctl("status", "--server", "127.0.0.1:1", "--wait", "1"), 3)

    def test_health_needs_no_token(self):
        result = self.service.ctl("health", token="")
        self.assert_exit(result, 0)
        self.assertEqual(result.stdout, "SERVING\n")
        self.assert_exit(self.service.ctl("health", "supervision.v1.ClueService"), 0)
        self.assert_exit(self.service.ctl("health", "no.such.Service"), 6)
        self.assert_exit(self.service.ctl("health", "--server", "127.0.0.1:1"), 3)

    def test_every_command_has_help_with_examples(self):
        for command in ("submit", "watch", "get", "list", "revise", "withdraw", "scenarios",
                        "classify", "status", "health"):
            result = self.service.ctl(command, "--help")
            self.assert_exit(result, 0)
            self.assertRegex(result.stdout, rf"Examples?:\n  supervisionctl {command}")

    def test_a_wait_ends_when_the_service_comes(self):
        service = harness.Service()
        self.addCleanup(service.remove)
        service.start().terminate()
        waiting = harness.Background(service, [harness.CTL, "status", "--wait", str(harness.PATIENCE)],
                                     OPERATOR)
        self.addCleanup(waiting.stop)
        service.start()
        self.assertEqual(waiting.process.wait(harness.PATIENCE), 0, waiting.error_text())


if __name__ == "__main__":
    harness.main()
