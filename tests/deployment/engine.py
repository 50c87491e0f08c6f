"""Debian's Docker, taken out of its packages and started for a test."""

import os
import shutil
import signal
import subprocess

import harness
from tools import tool

PROGRAMS = ("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc")


class NotHere(Exception):
    """It does not start on this machine; its log's last lines say why."""


class Docker:
    """An engine in process and mount namespaces of its own, with which all that it started ends. It lives in
    a network of its own too, so that this machine's has no bridge and no rule more; `online` it shares this
    machine's, without a bridge, to build images with `--network host`. Images stay in `data`."""

    START = r"""
      set -e
      if [ "$ONLINE" = no ]; then ip link set lo up; fi
      exec dockerd --data-root "$DATA" --exec-root "$HERE/exec" --pidfile "$HERE/pid" \
        --host "unix://$HERE/socket" "$@"
    """

    def __init__(self, data, online=False):
        places = {str(tool(name).parent) for name in PROGRAMS}
        self.here = harness.scratch("docker")
        self.environment = {"PATH": ":".join([*sorted(places), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]),
                            "DOCKER_HOST": f"unix://{self.here}/socket", "HOME": str(self.here),
                            "DOCKER_BUILDKIT": "1", "LC_ALL": "C.UTF-8"}
        log = self.here / "log"
        quiet = ["--iptables=false", "--bridge=none", "--ip-forward=false", "--ip-masq=false"]
        namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        with open(log, "wb") as output:
            self.holder = subprocess.Popen(
                ["unshare", *namespaces, *([] if online else ["--net"]), "bash", "-c", self.START, "bash",
                 *(quiet if online else [])],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**self.environment, "DATA": str(data), "HERE": str(self.here),
                     "ONLINE": "yes" if online else "no"})
        try:
            harness.eventually(lambda: self.holder.poll() is not None or self.answers(),
                               "the engine answers or ends")
            if self.holder.poll() is not None:
                raise NotHere(log.read_text()[-1000:])
        except BaseException:
            self.close()
            raise

    def answers(self):
        return self.run("docker", "info", check=False, limit=30).returncode == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.holder.poll() is None:
            for child in harness.children(self.holder.pid):
                os.kill(child, signal.SIGTERM)
            try:
                self.holder.wait(60)
            except subprocess.TimeoutExpired:
                self.holder.kill()
        self.holder.wait()
        shutil.rmtree(self.here, ignore_errors=True)

    def run(self, *words, environment=None, **options):
        return harness.run(*words, env={**self.environment, **(environment or {})}, **options)

    def beside(self, *words, **options):
        """A program of this machine in the engine's network, where the ports are published."""
        target = harness.children(self.holder.pid)[0]
        return self.run("nsenter", f"--target={target}", "--net", *words, **options)
