"""A Redis as deploy/redis ships it, for services that keep their ledger outside: the settings and the
user with the least commands."""

import hashlib
import os
import pathlib
import secrets
import signal
import subprocess
import time

SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "redis"


class ExternalRedis:
    def __init__(self, directory):
        self.directory = directory / "external-redis"
        self.directory.mkdir()
        self.socket = self.directory / "redis.sock"
        password = secrets.token_hex(16)
        self.password_file = self.directory / "password"
        self.password_file.write_text(password + "\n")
        digest = hashlib.sha256(password.encode()).hexdigest()
        acl = (SHIPPED / "users.acl").read_text()
        assert "#" + "0" * 64 in acl, "users.acl has no place for the password's hash"
        (self.directory / "users.acl").write_text(acl.replace("#" + "0" * 64, "#" + digest))
        # Only where it lies is another than in the file: of two lines the later counts, but for dir.
        shipped = (SHIPPED / "redis.conf").read_text()
        assert "\ndir /data\n" in shipped, "redis.conf names no directory /data"
        (self.directory / "redis.conf").write_text(
            shipped.replace("\ndir /data\n", f"\ndir {self.directory}\n")
            + f"\nport 0\nunixsocket {self.socket}\naclfile {self.directory}/users.acl\n")
        # Debian's redis-tools has one program that is whatever it is called by.
        programs = self.directory / "bin"
        programs.mkdir()
        for name in ("redis-server", "redis-check-aof"):
            (programs / name).symlink_to("/usr/bin/redis-check-rdb")
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        self.process = None
        self.start()

    def start(self):
        log_path = self.directory / "redis.log"
        with open(log_path, "ab") as log:
            before = log.tell()
            self.process = subprocess.Popen(
                [SHIPPED / "start", self.directory / "redis.conf", self.directory],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 180
        while b"ready to accept connections" not in log_path.read_bytes()[before:]:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(log_path.read_text())
            time.sleep(0.02)

    def flags(self):
        return [f"--redis.address=unix:{self.socket}", "--redis.user=supervision",
                f"--redis.password_file={self.password_file}"]

    def refused_commands(self):
        """What Redis noted as not permitted to the user."""
        answer = subprocess.run(
            ["redis-cli", "-s", self.socket, "--user", "supervision", "--pass",
             self.password_file.read_text().strip(), "--no-auth-warning", "info", "commandstats"],
            capture_output=True, text=True, check=True).stdout
        return [line.split(":")[0].removeprefix("cmdstat_") for line in answer.splitlines()
                if "rejected_calls=" in line and "rejected_calls=0" not in line]

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(180)
        self.socket.unlink(missing_ok=True)
