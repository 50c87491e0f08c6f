"""A real supervisiond for the tests of this folder, and supervisionctl to drive it."""

import atexit
import fcntl
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import typing
import unittest

import external_redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SUPERVISION_BUILD", ROOT / "build"))
CTL = BUILD / "clients" / "cli" / "supervisionctl"
SERVER = BUILD / "services" / "server" / "supervisiond"
EXAMPLES = ROOT / "clients" / "examples"
PYTHON = "/usr/bin/python3"

# Seconds for whatever must come: with sanitizers on a busy machine all takes ten times as long. Nobody
# waits longer than it takes.
PATIENCE = 180


class Release(typing.NamedTuple):
    """A build of the service and the configuration that was shipped with it."""
    server: pathlib.Path
    config: pathlib.Path


THIS = Release(SERVER, ROOT / "deploy" / "config")

# The shipped example principals.
PARTNER, OTHER_PARTNER = "example-partner-token", "example-partner-2-token"
MONITOR, OPERATOR = "example-monitor-token", "example-operator-token"
REVIEWER, HANDLER = "example-reviewer-token", "example-handler-token"

# Texts whose class the shipped rules do not doubt.
ENFORCEMENT = "县综合行政执法局对某店作出行政处罚决定前未告知听证权利，也未听取陈述申辩，夜间强制拆除。"
PETITION = "信访事项受理后超过六十日未办结，未出具信访答复意见书，信访人多次重复信访未化解。"


def eventually(condition, what, limit=PATIENCE):
    """Waits until the condition gives something true, and returns it."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.02)


def take_port():
    """A port on loopback for a service that must come back on it, and what keeps it for this process.
    It lies below those that the kernel gives to connections, and below those that the tests in C++
    take; the name of a socket, which ends with the process, says that it is taken."""
    for port in random.sample(range(2_000, 10_000), 1_000):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0supervision-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
            return port, claim
        except OSError:
            claim.close()
    raise AssertionError("no port is free")


def make_stubs():
    """The Python stubs of the examples. They are made once for all tests of a build: of two that run at
    the same time one would read what the other is writing."""
    with open(BUILD / "python-stubs.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([PYTHON, "-c", "import stubs; stubs.load()"], cwd=EXAMPLES / "python", check=True,
                       env={"PATH": "/usr/bin:/bin", "SUPERVISION_STUBS": str(STUBS),
                            "PYTHONDONTWRITEBYTECODE": "1"})


def make_poorer(rules):
    """Takes most of the rules out of a copy of the shipped ones, and what a problem is worth: the rest
    rates every clue LOW, whatever the model makes of it."""
    for name in ("23_admin_enforcement.yaml", "27_petition_dispute.yaml", "40_risk.yaml"):
        (rules / name).unlink()
    scoring = rules / "00_scoring.yaml"
    text = scoring.read_text(encoding="utf-8")
    for base, worth in (("medium", 21), ("high", 22)):
        text, changed = re.subn(rf"(base_{base}:) \d+", rf"\1 {worth}", text)
        assert changed == 1, base
    scoring.write_text(text, encoding="utf-8")
    # What an explanation reads may name no rule that is gone.
    cues = rules / "02_cues.yaml"
    cues.write_text(re.sub(r", (ENF|PET)\.\w+", "", cues.read_text(encoding="utf-8")),
                    encoding="utf-8")


def clue(record, title="夜间强制拆除", content=ENFORCEMENT, region="330424", **more):
    return {"source_record_id": record, "title": title, "content": content, "region_code": region,
            "reported_unit": {"name": "某县综合行政执法局"}, **more}


class Service:
    """supervisiond in a directory of its own; it keeps its port over restarts. Its ledger lies in
    `redis`, which others may use too, in one of its own as deploy/redis ships it, or in the one that
    it starts itself."""

    def __init__(self, redis=None, release=THIS, embedded=False):
        # A short path: the embedded Redis listens on a unix socket in it.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sv-e2e-", dir="/tmp"))
        self.process = None
        self.port, self.claim = take_port()
        self.flags = []  # further settings
        self.release = release
        self.redis = None  # to be ended with it
        if redis is None and not embedded:
            redis = self.redis = external_redis.ExternalRedis(self.directory)
        if redis is not None:
            self.flags += redis.flags()
        atexit.register(self.remove)

    def start(self):
        addresses = self.directory / "addresses.json"
        addresses.unlink(missing_ok=True)
        with open(self.directory / "service.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.release.server, f"--config={self.release.config}/server.yaml",
                 f"--listen.grpc=127.0.0.1:{self.port}", "--listen.metrics=127.0.0.1:0",
                 f"--listen.addresses_file={addresses}",
                 f"--redis.data_directory={self.directory}/data", *self.flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def listening():
            if self.process.poll() is not None:
                raise AssertionError(f"supervisiond ended with {self.process.returncode}:\n"
                                     + self.log()[-3000:])
            return addresses.exists() and addresses.read_text()

        eventually(listening, "it listens")
        return self

    def ready(self):
        result = self.ctl("status", "--wait", str(PATIENCE), token=OPERATOR,
                          limit=2 * PATIENCE)
        if result.returncode != 0:
            raise AssertionError(f"not ready: {result.stderr}\n{self.log()[-3000:]}")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def remove(self):
        """Ends it in order, so that its Redis ends too, and removes its directory."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
        self.claim.close()
        refused = []
        if self.redis is not None:
            refused = self.redis.refused_commands()
            self.redis.stop()
            self.redis = None
        shutil.rmtree(self.directory, ignore_errors=True)
        if refused:
            raise AssertionError(f"Redis permits {refused} not; deploy/redis/users.acl lacks a right")

    def log(self):
        return (self.directory / "service.log").read_text(errors="replace")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def environment(self, token, **more):
        """Nothing of the caller's locale or terminal."""
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS",
                                                    "UBSAN_OPTIONS") if name in os.environ}
        return {**keep, "SUPERVISION_SERVER": self.address, "SUPERVISION_TOKEN": token,
                "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai", **more}

    def ctl(self, *arguments, token=PARTNER, stdin=None, limit=PATIENCE, **environment):
        """One supervisionctl, to its end."""
        return subprocess.run([CTL, *map(str, arguments)], input=stdin, text=True, timeout=limit,
                              stdin=subprocess.DEVNULL if stdin is None else None,
                              capture_output=True, env=self.environment(token, **environment))

    def run(self, command, token, limit=PATIENCE, **environment):
        """Another client, to its end."""
        return subprocess.run(list(map(str, command)), text=True, timeout=limit,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env=self.environment(token, SUPERVISION_STUBS=str(STUBS),
                                                   PYTHONDONTWRITEBYTECODE="1", **environment))

    def submit(self, content, token=PARTNER, request_id=None):
        """Submits a clue and gives its receipt."""
        more = [] if request_id is None else ["--request-id", request_id]
        result = self.ctl("submit", "--file", "-", "--json", *more, token=token,
                          stdin=json.dumps(content))
        if result.returncode != 0:
            raise AssertionError(result.stderr)
        return json.loads(result.stdout)["receipt"]


# One folder for all tests of a build: made once, by whoever comes first.
STUBS = BUILD / "python-stubs"


class Background:
    """A client that runs on while the test does something else."""

    def __init__(self, service, command, token, stdin=subprocess.DEVNULL, **environment):
        self.output = tempfile.NamedTemporaryFile(prefix="sv-e2e-", suffix=".out")
        self.errors = tempfile.NamedTemporaryFile(prefix="sv-e2e-", suffix=".err")
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=stdin, stdout=self.output,
            stderr=self.errors,
            env=service.environment(token, SUPERVISION_STUBS=str(STUBS),
                                    PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1",
                                    **environment))

    def text(self):
        return pathlib.Path(self.output.name).read_text()

    def lines(self):
        """The whole lines that it has printed."""
        text = self.text()
        return text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]

    def error_text(self):
        return pathlib.Path(self.errors.name).read_text()

    def wait_for_lines(self, count, limit=PATIENCE):
        def enough():
            if self.process.poll() is not None and len(self.lines()) < count:
                raise AssertionError(f"ended with {self.process.returncode} after {self.lines()}: "
                                     + self.error_text())
            return len(self.lines()) >= count
        eventually(enough, f"{count} lines", limit)
        return self.lines()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE)


class ServiceTest(unittest.TestCase):
    """One service for all tests of a class, each with records of its own."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service().start().ready()

    @classmethod
    def tearDownClass(cls):
        cls.service.remove()

    def background(self, command, token, **more):
        client = Background(self.service, command, token, **more)
        self.addCleanup(client.stop, signal.SIGKILL)
        return client

    def watch_until(self, enough, *arguments, token=MONITOR, service=None):
        """What a watch tells, one parsed line each, up to when that is enough. What --until-idle waits
        for is a second of silence, which a busy machine may have in the middle."""
        watch = Background(service or self.service, [CTL, "watch", "--json", *arguments], token)
        self.addCleanup(watch.stop, signal.SIGKILL)

        def told():
            lines = [json.loads(line) for line in watch.lines()]
            if not enough(lines) and watch.process.poll() is not None:
                raise AssertionError(f"ended with {watch.process.returncode} after {lines}: "
                                     + watch.error_text())
            return lines if enough(lines) else None
        lines = eventually(told, "enough is told")
        watch.stop(signal.SIGKILL)
        return lines

    def assert_exit(self, result, code):
        self.assertEqual(result.returncode, code, f"{result.stdout}\n{result.stderr}")

    def json_lines(self, result):
        return [json.loads(line) for line in result.stdout.splitlines()]


def main():
    for program in (CTL, SERVER):
        if not program.exists():
            sys.exit(f"{program} is missing: build it first (ninja -C {BUILD})")
    unittest.main(verbosity=2)
