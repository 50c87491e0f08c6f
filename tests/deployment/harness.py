"""What the tests of this folder share: where things are built, and root file systems to try them in."""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-release"
WORK = BUILD / "deployment"  # what may be kept from one run to the next
DAEMON = BUILD / "services" / "server" / "supervisiond"
CTL = BUILD / "clients" / "cli" / "supervisionctl"
CLUE = ("--region", "330424", "--unit", "某县综合行政执法局", "--title", "夜间强制拆除",
        "--content", "未作处罚决定，也未告知听证权利，夜间强制拆除了房屋。")


def run(*command, limit=600, check=True, **options):
    """One command to its end; what it said is part of the failure."""
    result = subprocess.run(list(map(str, command)), text=True, timeout=limit, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: status {result.returncode}\n"
                             f"{result.stdout[-2000:]}\n{result.stderr[-3000:]}")
    return result


def eventually(condition, what, limit=180):
    """Waits until the condition gives something true, and returns it."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.05)


def base():
    """The minimal Debian that roots and the image start from."""
    file = WORK / "base.tar"
    run(ROOT / "deploy" / "container" / "base", file)
    return file


_packages = {}


def package(release=1):
    """The Debian package, compiled once a run, by somebody who lets nobody else see his files."""
    if release not in _packages:
        output = run(ROOT / "deploy" / "package" / "build", "--build-dir", BUILD, "--output", WORK,
                     "--release", release, limit=3600, umask=0o077).stdout
        _packages[release] = pathlib.Path(output.strip().splitlines()[-1])
    return _packages[release]


def children(pid):
    try:
        return [int(word) for word in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


class Root:
    """A root file system in mount, process and network namespaces of its own: what runs in it meets
    the ports it is configured with, and no other program's. Where `read_only` names writable folders,
    the rest of it cannot be written."""

    SETUP = r"""
      set -e
      mount --make-rprivate /
      mount --bind "$ROOT" "$ROOT"
      mount -t proc proc "$ROOT/proc"
      mount --bind /dev "$ROOT/dev"
      mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
      [ "$ONLINE" = yes ] || ip link set lo up
      for volume in $VOLUMES; do mount --bind "${volume%%:*}" "$ROOT/${volume#*:}"; done
      [ "$READ_ONLY" = no ] || mount -o remount,bind,ro "$ROOT"
      exec sleep infinity
    """

    def __init__(self, directory, online=False, read_only=False, volumes=None):
        self.directory = pathlib.Path(directory)
        self.started = []
        for target, source in (volumes or {}).items():
            self.make_place(target, pathlib.Path(source))
        words = " ".join(f"{source}:{target}" for target, source in (volumes or {}).items())
        namespaces = ["--mount", "--pid"] + ([] if online else ["--net"])
        self.namespaces = namespaces
        self.holder = subprocess.Popen(
            ["unshare", *namespaces, "--fork", "--kill-child", "bash", "-c", self.SETUP],
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "ROOT": str(self.directory), "VOLUMES": words,
                 "ONLINE": "yes" if online else "no", "READ_ONLY": "yes" if read_only else "no"})

        def is_set_up():
            if self.holder.poll() is not None:
                raise AssertionError("the root's namespaces could not be set up")
            for child in children(self.holder.pid):
                if pathlib.Path(f"/proc/{child}/comm").read_text() == "sleep\n":
                    return child
            return None

        self.target = eventually(is_set_up, "the root's namespaces are set up")

    def make_place(self, target, source):
        """What is mounted over: a folder or an empty file, as a container engine makes it."""
        place = self.directory / target.lstrip("/")
        if source.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.started:
            if process.poll() is None:
                self.signal(process, signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    pass
        self.holder.kill()
        self.holder.wait()

    def command(self, *words, user=None, environment=None):
        as_user = [] if user is None else [
            "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
            "--inh-caps=-all", "--bounding-set=-all"]
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                    **(environment or {})}
        return ["nsenter", f"--target={self.target}", *self.namespaces, "chroot", str(self.directory),
                "env", "-i", *(f"{name}={value}" for name, value in settings.items()),
                *as_user, *map(str, words)]

    def run(self, *words, user=None, environment=None, **options):
        return run(*self.command(*words, user=user, environment=environment), **options)

    def start(self, *words, user=None, environment=None, log=None):
        output = subprocess.DEVNULL if log is None else open(log, "ab")
        process = subprocess.Popen(self.command(*words, user=user, environment=environment),
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.started.append(process)
        return process

    @staticmethod
    def signal(process, number):
        """To the program itself: nsenter stands before it and passes nothing on."""
        for child in children(process.pid):
            os.kill(child, number)

    def stop(self, process):
        self.signal(process, signal.SIGTERM)
        return process.wait(60)


def unpacked(tar, directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    run("tar", "--extract", "--file", tar, "--directory", directory, "--numeric-owner")
    return directory


def shows_its_alert(root, user, token_environment=None):
    """Submits a clue to the service in `root` and waits for its alert: the whole way of a clue."""
    def ctl(token, *words, **options):
        return root.run("supervisionctl", *words, user=user,
                        environment={"SUPERVISION_TOKEN": token, **(token_environment or {})}, **options)

    ready = ctl("example-operator-token", "status", "--wait", "60", check=False, limit=90)
    if ready.returncode != 0:
        raise AssertionError(f"not ready: {ready.stdout}{ready.stderr}")
    receipt = json.loads(ctl("example-partner-token", "submit", *CLUE, "--json").stdout)["receipt"]
    eventually(lambda: receipt["clue_id"] in ctl("example-monitor-token", "watch", "--from", "earliest",
                                                 "--until-idle", "2", "--json").stdout,
               f"the alert of {receipt['clue_id']} is told")
    return receipt


def fail_if_not_root():
    if os.geteuid() != 0:
        sys.exit("tests/deployment needs root: it makes root file systems and namespaces")


def free_port():
    """A port that nobody holds now, for programs that cannot be told to take one: none that the kernel
    gives to connections."""
    for port in random.sample(range(2_000, 10_000), 1_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass
    raise AssertionError("no port is free")


def scratch(name):
    return pathlib.Path(tempfile.mkdtemp(prefix=f"sv-{name}-", dir="/tmp"))
