"""The example partners, monitors and consumers in Python, Node and Java against the real service."""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import grpc

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


class CancellingServer:
    """Cancels the first call that reaches it, without a reason, as gRPC does with one that comes in the
    moment that a server shuts down; takes every clue after that."""

    def __enter__(self):
        os.environ["SUPERVISION_STUBS"] = str(harness.STUBS)
        sys.path.insert(0, str(EXAMPLES / "python"))
        import stubs
        stubs.load()
        from supervision.v1 import clue_service_pb2, clue_service_pb2_grpc
        calls = self.calls = []

        class Clues(clue_service_pb2_grpc.ClueServiceServicer):
            def SubmitClue(self, request, context):
                calls.append(request.request_id)
                if len(calls) == 1:
                    context.abort(grpc.StatusCode.CANCELLED, "")
                answer = clue_service_pb2.SubmitClueResponse()
                answer.receipt.clue_id = "taken"
                answer.receipt.verdict.SetInParent()
                return answer

        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        clue_service_pb2_grpc.add_ClueServiceServicer_to_server(Clues(), self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop(0).wait()


class Examples:
    """The same tests for every language; subclasses name the programs."""

    def partner(self, content, request_id, **environment):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(content, file)
            file.flush()
            return self.service.run(self.partner_command(file.name, request_id), PARTNER, **environment)

    def test_a_partner_submits_and_may_repeat(self):
        name = type(self).__name__
        first = self.partner(clue(f"{name}-1"), f"{name}-1")
        self.assert_exit(first, 0)
        self.assertRegex(first.stdout, r"^\S+ 1 SCENARIO_ADMIN_ENFORCEMENT\n$")
        self.assertEqual(self.partner(clue(f"{name}-1"), f"{name}-1").stdout, first.stdout)

    def test_a_partner_repeats_what_a_server_that_shuts_down_cancels(self):
        with CancellingServer() as server:
            result = self.partner(clue("cancelled"), "cancelled-1", SUPERVISION_SERVER=server.address)
        self.assert_exit(result, 0)
        self.assertIn("taken", result.stdout)
        self.assertEqual(server.calls, ["cancelled-1"] * 2)

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

    def subscription(self, what):
        """A name that no other test has; the titles of its clues begin with it."""
        return f"{type(self).__name__}-{what}"

    def state(self, name):
        result = self.service.ctl("subscriptions", "get", name, "--json", token=MONITOR)
        return json.loads(result.stdout) if result.returncode == 0 else {"lag": {"alerts": -1}}

    def all_is_kept(self, name):
        harness.eventually(lambda: int(self.state(name)["lag"].get("alerts", 0)) == 0,
                           "everything told is acknowledged and kept")

    def told(self, consumer, title):
        """The alerts whose title begins so, in the order in which they were told."""
        return [line.split()[1] for line in consumer.lines() if f" {title} " in line]

    def test_a_consumer_hears_each_alert_once_over_restarts(self):
        name = self.subscription("alone")
        consumer = self.background(self.consumer_command(name), MONITOR)
        expected = []
        for i, end in enumerate((self.service.kill, self.service.terminate, None)):
            expected.append(self.service.submit(clue(f"{name}-{i}", title=f"{name} {i}"))["alert_id"])
            harness.eventually(lambda: len(self.told(consumer, name)) >= len(expected), "told")
            if end is not None:
                end()
                self.service.start().ready()
        self.assertEqual(self.told(consumer, name), expected)
        self.all_is_kept(name)
        consumer.stop()
        # Another program goes on there with nothing but the name.
        later = self.service.submit(clue(f"{name}-later", title=f"{name} later"))["alert_id"]
        second = self.service.run(self.consumer_command(name, count=1), MONITOR)
        self.assert_exit(second, 0)
        self.assertEqual([line.split()[1] for line in second.stdout.splitlines()], [later])
        self.assertEqual(int(self.state(name)["lag"].get("alerts", 0)), 0)

    def test_consumers_that_share_have_each_alert_once_between_them(self):
        name = self.subscription("shared")
        sharers = [self.background(self.consumer_command(name, share=True), MONITOR) for _ in range(2)]
        harness.eventually(lambda: self.state(name).get("sharing", {}).get("consumers") == 2, "both came")
        self.service.kill()
        self.service.start().ready()
        lines = "\n".join(json.dumps(clue(f"{name}-{i}", title=f"{name} {i}")) for i in range(10))
        sent = self.service.ctl("submit", "--ndjson", "--json", stdin=lines)
        self.assert_exit(sent, 0)
        expected = [line["receipt"]["alert_id"] for line in self.json_lines(sent)]
        def all_told():
            return sorted(self.told(sharers[0], name) + self.told(sharers[1], name)) == sorted(expected)
        harness.eventually(all_told, "each is told by one of them")
        self.all_is_kept(name)
        self.assertTrue(all_told())

    def test_a_consumer_ends_where_a_person_must_decide(self):
        name = self.subscription("taken")
        first = self.background(self.consumer_command(name), MONITOR)
        harness.eventually(lambda: "connection" in self.state(name).get("subscription", {}), "it reads")
        self.background(self.consumer_command(name), MONITOR)
        self.assertEqual(first.process.wait(harness.PATIENCE), 1, first.error_text())
        self.assertIn("SUBSCRIPTION_TAKEN_OVER", first.error_text())
        shared = self.service.run(self.consumer_command(name, share=True), MONITOR)
        self.assert_exit(shared, 1)
        self.assertIn("WRONG_SUBSCRIPTION_MODE", shared.stderr)


class PythonExamples(Examples, harness.ServiceTest):
    def partner_command(self, path, request_id):
        return [PYTHON, EXAMPLES / "python" / "partner.py", path, "--request-id", request_id]

    def monitor_command(self, place):
        return [PYTHON, EXAMPLES / "python" / "monitor.py", place]

    def consumer_command(self, name, share=False, count=None):
        return [PYTHON, EXAMPLES / "python" / "consumer.py", name, *(["--share"] if share else []),
                *([] if count is None else ["--count", count])]

    def test_places_in_one_folder_that_differ_behind_the_last_dot_share_no_file(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="sv-e2e-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        other = folder / "jiaxing.new"  # the place of another monitor
        other.write_text("another's")
        script = ("import pathlib, stubs; stubs.load(); import monitor; "
                  f"monitor.keep(pathlib.Path('{folder}/jiaxing.east'), 'own')")
        subprocess.run([PYTHON, "-c", script], cwd=EXAMPLES / "python", check=True,
                       env={"PATH": "/usr/bin:/bin", "SUPERVISION_STUBS": str(harness.STUBS),
                            "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual((folder / "jiaxing.east").read_text(), "own")
        self.assertEqual(other.read_text(), "another's")


class NodeExamples(Examples, harness.ServiceTest):
    def partner_command(self, path, request_id):
        return ["node", NODE / "partner.mjs", path, request_id]

    def monitor_command(self, place):
        return ["node", NODE / "monitor.mjs", place]

    def consumer_command(self, name, share=False, count=None):
        return ["node", NODE / "consumer.mjs", *(["--share"] if share else []), name,
                *([] if count is None else [count])]


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

    def consumer_command(self, name, share=False, count=None):
        return [*self.java, "Consumer", *(["--share"] if share else []), name,
                *([] if count is None else [count])]


if __name__ == "__main__":
    harness.main()
