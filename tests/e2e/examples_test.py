"""The example partners and monitors in Python, Node and Java against the real service."""

import json
import re
import shutil
import subprocess
import tempfile

import harness
from harness import EXAMPLES, MONITOR, PARTNER, PYTHON, clue

NODE = EXAMPLES / "node"
JAVA = EXAMPLES / "java" / "build"
JAVA_OUT = harness.BUILD / "java-examples"


def setUpModule():
    if shutil.which("node") is None:
        raise AssertionError("node is missing: deploy/install --test installs it")
    if not (NODE / "node_modules" / "@grpc" / "grpc-js").is_dir():
        raise AssertionError(f"node_modules is missing: run 'npm ci' in {NODE} (tests/run does)")
    harness.make_stubs()
    if shutil.which("javac") is None:
        raise AssertionError("javac is missing: deploy/install --test installs it")
    subprocess.run([JAVA, JAVA_OUT], check=True, timeout=600)


def many_mistakes():
    """A clue in which everything is wrong: hundreds of mistakes."""
    return clue("", title="", content="", region="1", persons_affected="-1",
                occurred_on={"year": 2999, "month": 13, "day": 40},
                instruments=[{"number": "", "date": {"year": 1, "month": 1, "day": 1}}] * 70,
                amounts=[{"fen": "-1", "purpose": "很" * 101}] * 70,
                evidence=[{"uri": "no uri", "sha256": "AA==", "size_bytes": "-1",
                           "media_type": "none"}] * 70)


class Examples:
    """The same tests for every language; subclasses name the programs."""

    def partner(self, content, request_id):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(content, file)
            file.flush()
            return self.service.run(self.partner_command(file.name, request_id), PARTNER)

    def test_a_partner_submits_and_may_repeat(self):
        name = type(self).__name__
        first = self.partner(clue(f"{name}-1"), f"{name}-1")
        self.assert_exit(first, 0)
        self.assertRegex(first.stdout, r"^\S+ 1 SCENARIO_ADMIN_ENFORCEMENT\n$")
        self.assertEqual(self.partner(clue(f"{name}-1"), f"{name}-1").stdout, first.stdout)

    def test_a_partner_reads_the_reason_of_a_refusal(self):
        name = type(self).__name__
        self.assert_exit(self.partner(clue(f"{name}-2"), f"{name}-2"), 0)
        result = self.partner(clue(f"{name}-2", title="别的"), f"{name}-2")
        self.assert_exit(result, 1)
        self.assertIn("IDEMPOTENCY_KEY_REUSED: ", result.stderr)
        self.assertIn("已用于其他内容", result.stderr)

    def test_hundreds_of_mistakes_arrive_as_many_as_fit_and_the_number_of_the_rest(self):
        result = self.partner(many_mistakes(), "mistakes")
        self.assert_exit(result, 1)
        self.assertIn("INVALID_REQUEST: ", result.stderr)
        shown = re.findall(r"^  clue\.\S+: ", result.stderr, re.MULTILINE)
        total = int(re.search(r"^  violations = (\d+)$", result.stderr, re.MULTILINE)[1])
        more = int(re.search(r"and (\d+) more", result.stderr)[1])
        self.assertGreaterEqual(len(shown), 10)
        self.assertEqual(len(shown) + more, total)
        self.assertGreaterEqual(total, 500)

    def test_a_monitor_hears_each_alert_once_over_restarts(self):
        name = type(self).__name__
        place = self.service.directory / f"place-{name}"
        monitor = self.background(self.monitor_command(place), MONITOR)
        expected = []
        for i, end in enumerate((self.service.kill, self.service.terminate, None)):
            receipt = self.service.submit(clue(f"{name}-m{i}", title=f"{name} {i}"))
            expected.append(receipt["alert_id"])

            def told():
                return [line.split()[1] for line in monitor.lines() if f"{name} " in line]
            try:
                harness.eventually(lambda: len(told()) >= len(expected), "told")
            except AssertionError as late:
                raise AssertionError(f"{late}; told {monitor.lines()}, {expected} expected; "
                                     + monitor.error_text()) from late
            if end is not None:
                end()
                self.service.start().ready()
        self.assertEqual(told(), expected)
        monitor.stop()
        # Another one goes on from the kept place. The first may have ended between telling its last
        # alert and keeping the cursor behind it: that one may come again.
        receipt = self.service.submit(clue(f"{name}-later"))
        second = self.background(self.monitor_command(place), MONITOR)

        def heard():
            return [line.split()[1] for line in second.lines()]
        harness.eventually(lambda: receipt["alert_id"] in heard(), "told by the second")
        self.assertLessEqual(set(heard()), {expected[-1], receipt["alert_id"]})

    def test_a_monitor_ends_where_a_person_must_decide(self):
        place = self.service.directory / f"bad-{type(self).__name__}"
        place.write_text("no-cursor")
        result = self.service.run(self.monitor_command(place), MONITOR)
        self.assert_exit(result, 1)
        self.assertIn("CURSOR_MALFORMED", result.stderr)


class PythonExamples(Examples, harness.ServiceTest):
    def partner_command(self, path, request_id):
        return [PYTHON, EXAMPLES / "python" / "partner.py", path, "--request-id", request_id]

    def monitor_command(self, place):
        return [PYTHON, EXAMPLES / "python" / "monitor.py", place]


class NodeExamples(Examples, harness.ServiceTest):
    def partner_command(self, path, request_id):
        return ["node", NODE / "partner.mjs", path, request_id]

    def monitor_command(self, place):
        return ["node", NODE / "monitor.mjs", place]


class JavaExamples(Examples, harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        classpath = subprocess.run([JAVA, JAVA_OUT, "--classpath"], check=True, text=True,
                                   capture_output=True).stdout.strip()
        # Short-lived processes on a busy machine: the simplest compiler and collector start fastest.
        cls.java = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m",
                    "-Dfile.encoding=UTF-8", "-cp", classpath]

    def partner_command(self, path, request_id):
        return [*self.java, "Partner", path, request_id]

    def monitor_command(self, place):
        return [*self.java, "Monitor", place]


if __name__ == "__main__":
    harness.main()
