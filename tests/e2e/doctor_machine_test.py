#!/usr/bin/env python3
"""supervisionctl doctor on the machine of a service: beside one that runs, before one is started, and with
what goes wrong."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness

CONFIG = harness.ROOT / "deploy" / "config"


class DoctorMachineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(embedded=True).start().ready()
        cls.addClassCleanup(cls.service.remove)

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="sv-doctor-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)

    def doctor(self, more="", data=None, listen="127.0.0.1:0", principals=CONFIG / "principals.yaml",
               **environment):
        """Of a server.yaml with the shipped files, and `more` in its section listen."""
        (self.place / "server.yaml").write_text(
            f"listen:\n  grpc: {listen}\n  metrics: off\n{more}"
            f"redis:\n  data_directory: {data or self.place / 'data'}\n"
            "files:\n" + "".join(f"  {name}: {CONFIG / file}\n" for name, file in (
                ("catalogue", "catalogue.yaml"), ("rules", "rules"), ("regions", "regions.tsv"),
                ("principals", principals), ("model", "model/model.bin"))))
        return self.service.ctl("--lang", "en", "doctor", "--config", self.place, token="",
                                **environment)

    def assert_says(self, result, code, *lines):
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        for line in lines:
            self.assertRegex(result.stdout, rf"(?m)^{line}")

    def test_beside_a_service_that_runs(self):
        result = self.doctor(data=self.service.directory / "data", listen=self.service.address)
        self.assert_says(
            result, 0, "ok   configuration: .*server.yaml has no mistakes", "ok   files: ",
            "warn principals: .*everyone knows", "ok   TLS: none; plain text on 127.0.0.1",
            rf"ok   data: .*; a service runs on it, process {self.service.process.pid}$",
            r"ok   disk: \d+ MiB are free", r"ok   Redis: unix:.*version 7\.\S+, a primary, durable",
            r"ok   ledger: schema \d+, which this version knows", "ok   clock: ",
            r"ok   open files: \d+ for the service that runs")
        self.assertNotIn("FAIL", result.stdout)

    def test_before_a_service_is_started(self):
        result = self.doctor()
        self.assert_says(result, 0, "ok   data: .*is made at the first start",
                         "ok   Redis: embedded, not running now", "ok   listen: listen.grpc .*is free")
        self.assertFalse((self.place / "data").exists())

    def test_in_chinese(self):
        self.doctor()
        result = self.service.ctl("--lang", "zh", "doctor", "--config", self.place)
        self.assertIn("磁盘", result.stdout)

    def test_mistakes_of_the_configuration_are_told_with_their_lines(self):
        self.assert_says(self.doctor("  grcp: x\n"), 1, r"FAIL configuration: .*server.yaml:4")

    def test_a_key_that_does_not_fit(self):
        subprocess.run([harness.ROOT / "deploy/certs", self.place / "tls", "--server", "a=localhost",
                        "--server", "b=localhost"], check=True, stdout=subprocess.DEVNULL)
        tls = "  tls_certificate: tls/a.pem\n  tls_key: tls/{}.key\n"
        self.assert_says(self.doctor(tls.format("b")), 3, "FAIL TLS: listen.tls_key .*does not fit")
        self.assert_says(self.doctor(tls.format("a")), 0, "ok   TLS: .*DNS:localhost")

    @unittest.skipIf(os.geteuid() != 0, "only root sees more than the service")
    def test_root_is_told_what_the_user_of_the_service_cannot_read(self):
        self.place.chmod(0o755)
        subprocess.run([harness.ROOT / "deploy/certs", self.place / "tls", "--server", "a=localhost"],
                       check=True, stdout=subprocess.DEVNULL)
        (self.place / "tls").chmod(0o755)
        own = self.place / "principals.yaml"
        shutil.copy(CONFIG / "principals.yaml", own)
        own.chmod(0o600)
        data = self.place / "data"
        data.mkdir()
        tls = "  tls_certificate: tls/a.pem\n  tls_key: tls/a.key\n"
        self.assert_says(self.doctor(tls, data=data, principals=own), 0, "ok   TLS: ")
        os.chown(data, 65534, 65534)
        self.assert_says(self.doctor(tls, data=data, principals=own), 3, "ok   user: files are tried as",
                         f"FAIL files: {own}: cannot be read", "FAIL TLS: listen.tls_key .*cannot be read")
        (self.place / "server.yaml").chmod(0o600)
        result = self.service.ctl("--lang", "en", "doctor", "--config", self.place, token="")
        self.assert_says(result, 1, "FAIL configuration: .*server.yaml: cannot be read")

    def test_a_port_in_use(self):
        self.assert_says(self.doctor(listen=self.service.address), 3,
                         f"FAIL listen: listen.grpc {self.service.address} is taken")

    def test_a_directory_that_cannot_be_written(self):
        self.assert_says(self.doctor(data="/proc/self"), 3,
                         "FAIL data: redis.data_directory /proc/self cannot be written in")

    def test_a_redis_elsewhere_that_would_delete_clues(self):
        socket = self.place / "redis.sock"
        redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", self.place,
             "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "allkeys-lru"],
            executable="/usr/bin/redis-check-rdb", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (redis.send_signal(signal.SIGTERM), redis.wait(harness.PATIENCE)))
        ping = ["redis-cli", "-s", socket, "ping"]
        harness.eventually(
            lambda: subprocess.run(ping, capture_output=True, check=False).stdout == b"PONG\n",
            "Redis answers")
        # As the service takes it: a variable wins over the file.
        self.assert_says(self.doctor(SUPERVISION_REDIS_ADDRESS=f"unix:{socket}"), 3,
                         "FAIL Redis: .*maxmemory-policy allkeys-lru.*set it to noeviction")


if __name__ == "__main__":
    harness.main()
