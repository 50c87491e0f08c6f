#!/usr/bin/env python3
"""What supervisionctl doctor says of connections that fail, tokens that are issued and taken back, and
examples over TLS: with certificates of deploy/certs and a real service."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness


class DoctorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = pathlib.Path(tempfile.mkdtemp(prefix="sv-doctor-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.certs("tls", "--server", "server=localhost,127.0.0.1", "--client", "client")
        cls.certs("tls", "--days", "-1", "--client", "late", "--server", "old=localhost")
        cls.certs("other", "--client", "stranger")
        cls.config = cls.place / "config"
        cls.config.mkdir()
        shutil.copy(harness.ROOT / "deploy/config/principals.yaml", cls.config)
        cls.service = harness.Service()
        cls.service.flags = [
            f"--listen.tls_certificate={cls.place}/tls/server.pem",
            f"--listen.tls_key={cls.place}/tls/server.key",
            f"--listen.tls_client_ca={cls.place}/tls/ca.pem", "--listen.client_certificates=optional",
            f"--files.principals={cls.config}/principals.yaml",
            f"--files.tokens={cls.config}/tokens.yaml"]
        cls.service.start()
        cls.wait_until_serving(cls.service)

    @classmethod
    def wait_until_serving(cls, service, *more):
        harness.eventually(
            lambda: service.ctl("health", "--tls-ca", cls.ca(), *more).returncode == 0, "it serves")

    @classmethod
    def certs(cls, folder, *arguments):
        subprocess.run([harness.ROOT / "deploy/certs", cls.place / folder, *arguments], check=True,
                       stdout=subprocess.DEVNULL)

    @classmethod
    def ca(cls):
        return str(cls.place / "tls/ca.pem")

    def doctor(self, *arguments, token=harness.MONITOR, address=None):
        # Debian's c-ares keeps ten bytes of a host's name that gRPC resolves: no leak of ours.
        return self.service.ctl("--lang", "en", "doctor", "--connect",
                                address or f"localhost:{self.service.port}", *arguments, token=token,
                                ASAN_OPTIONS="detect_leaks=0")

    def assert_says(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        for word in words:
            self.assertIn(word, result.stdout)

    def test_all_is_well(self):
        self.assert_says(self.doctor("--tls-ca", self.ca()), 0, "is trusted", "TLSv1.3", "knows you",
                         "takes clues")

    def test_a_host_that_has_no_name(self):
        self.assert_says(self.doctor(address="no-such-host.invalid:50051"), 3, "is not known")

    def test_a_port_on_which_nobody_listens(self):
        with socket.socket() as silent:  # bound, so that no other program listens there
            silent.bind(("127.0.0.1", 0))
            self.assert_says(self.doctor(address=f"127.0.0.1:{silent.getsockname()[1]}"), 3, "refused",
                             "listen.grpc")

    def test_plain_text_to_a_service_that_speaks_tls(self):
        self.assert_says(self.doctor(), 3, "speaks TLS and you do not", "--tls-ca")

    def test_tls_to_a_service_that_speaks_plain_text(self):
        plain = harness.Service()
        self.addCleanup(plain.remove)
        plain.start().ready()
        address = f"localhost:{plain.port}"
        self.assert_says(self.doctor("--tls-ca", self.ca(), address=address), 3,
                         "speaks plain text and you speak TLS")
        self.assert_says(self.doctor(address=address), 0, "in plain text", "knows you")

    def test_an_authority_that_is_not_trusted(self):
        self.assert_says(self.doctor("--tls-ca", self.place / "other/ca.pem"), 3,
                         "authority that you do not trust", "Supervision trial CA")

    def test_a_name_that_the_certificate_does_not_have(self):
        self.assert_says(self.doctor("--tls-ca", self.ca(), "--tls-server-name", "elsewhere.example"),
                         3, "is for other names", "DNS:localhost", "--tls-server-name")

    def test_a_certificate_of_a_stranger_or_one_that_has_run_out(self):
        own = lambda name: ("--tls-cert", self.place / f"{name}.pem", "--tls-key",
                            self.place / f"{name}.key")
        self.assert_says(self.doctor("--tls-ca", self.ca(), *own("other/stranger")), 3,
                         "is not taken", "listen.tls_client_ca")
        self.assert_says(self.doctor("--tls-ca", self.ca(), *own("tls/late")), 3, "has run out")

    def test_a_token_that_is_not_known(self):
        self.assert_says(self.doctor("--tls-ca", self.ca(), token="example-monitor-toke"), 4,
                         "the token is not known")
        self.assert_says(self.doctor("--tls-ca", self.ca(), token=""), 4, "no token")

    def test_a_token_of_another_service(self):
        other = self.place / "another-service"
        other.mkdir()
        shutil.copy(harness.ROOT / "deploy/config/principals.yaml", other)
        made = self.service.ctl("tokens", "create", "example-monitor", "--config", other)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assert_says(self.doctor("--tls-ca", self.ca(), token=made.stdout.strip()), 4,
                         "of another service; ask for a new one")

    def test_a_certificate_is_wanted_or_has_run_out_there(self):
        strict = harness.Service()
        strict.flags = [flag.replace("=optional", "=required") for flag in self.service.flags]
        self.addCleanup(strict.remove)
        strict.start()
        client = ("--tls-cert", self.place / "tls/client.pem", "--tls-key", self.place / "tls/client.key")
        self.wait_until_serving(strict, *client)
        address = f"localhost:{strict.port}"
        self.assert_says(self.doctor("--tls-ca", self.ca(), address=address), 3,
                         "is wanted by the service", "--tls-cert")
        self.assert_says(self.doctor("--tls-ca", self.ca(), *client, address=address), 0, "knows you")

    def test_a_server_certificate_that_runs_out_while_nobody_looks(self):
        # The service itself takes none that has run out: openssl serves one.
        server = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", self.place / "tls/old.pem", "-key",
             self.place / "tls/old.key", "-alpn", "h2"], stdin=subprocess.PIPE,  # its end ends it
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stdin.close)
        self.addCleanup(server.stdout.close)
        port = next(line for line in server.stdout if line.startswith("ACCEPT")).rpartition(":")[2].strip()
        self.assert_says(self.doctor("--tls-ca", self.ca(), address=f"localhost:{port}"), 3,
                         "has run out")

    def test_a_token_is_shown_once_works_and_ends_its_stream_when_it_is_taken_back(self):
        tokens = lambda *arguments: self.service.ctl("--lang", "en", "tokens", *arguments, "--config",
                                                     self.config)
        made = tokens("create", "example-monitor", "--days", "1", "--note", "gateway 2")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertRegex(made.stderr, r"valid until \d{4}-")
        before = (self.config / "tokens.yaml").read_bytes()
        for note in (os.fsdecode("热线".encode("gb18030")), "bell \a"):
            refused = tokens("create", "example-monitor", "--note", note)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("UTF-8", refused.stderr)
        self.assertEqual((self.config / "tokens.yaml").read_bytes(), before)
        for_good = tokens("create", "example-monitor", "--days", "0")
        self.assertIn("valid until it is revoked", for_good.stderr)
        token = made.stdout.strip()
        self.assertNotIn(token[21:], (self.config / "tokens.yaml").read_text())
        call = lambda: self.service.ctl("list", "--tls-ca", self.ca(), token=token)
        harness.eventually(lambda: call().returncode == 0, "the new token is taken")
        listed = tokens("list")
        self.assertIn("gateway 2", listed.stdout)
        watch = subprocess.Popen([harness.CTL, "watch", "--tls-ca", self.ca()],
                                 env=self.service.environment(token), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.addCleanup(watch.kill)
        status = lambda: self.service.ctl("status", "--json", "--tls-ca", self.ca(),
                                          token=harness.OPERATOR).stdout
        harness.eventually(lambda: json.loads(status()).get("open_streams") in ("1", 1), "it watches")
        self.assertEqual(tokens("revoke", token).returncode, 0)
        _, said = watch.communicate(timeout=harness.PATIENCE)
        self.assertEqual(watch.returncode, 4, said)
        self.assertIn("UNAUTHENTICATED", said)
        self.assertEqual(call().returncode, 4)
        self.assertEqual(tokens("revoke", token).returncode, 6)

    def test_a_token_for_nobody_or_for_more_than_its_principal_may_is_not_issued(self):
        tokens = lambda *arguments: self.service.ctl("--lang", "en", "tokens", *arguments, "--config",
                                                     self.config)
        for arguments in (("nobody",), ("example-monitor", "--role", "ADMIN"),
                          ("example-monitor-enforcement", "--region", "11")):
            self.assertEqual(tokens("create", *arguments).returncode, 1, arguments)

    def test_the_files_are_those_that_server_yaml_names(self):
        folder = self.place / "elsewhere"
        folder.mkdir()
        server = folder / "server.yaml"
        server.write_text("files:\n  principals: ../config/principals.yaml\n  tokens: issued.yaml\n")
        for place in (folder, server):
            self.assertEqual(self.service.ctl("tokens", "create", "example-monitor", "--config",
                                              place).returncode, 0)
            self.assertEqual(self.service.ctl("principals", "--config", place).returncode, 0)
        self.assertEqual((folder / "issued.yaml").read_text().count("principal:"), 2)
        self.assertFalse((folder / "tokens.yaml").exists())

    def test_without_a_configuration_the_commands_say_what_to_give(self):
        if pathlib.Path("/etc/supervision/server.yaml").exists():
            self.skipTest("this machine has a configuration of its own")
        for command in (("doctor",), ("principals",), ("tokens", "list"), ("tokens", "create", "x")):
            said = subprocess.run([harness.CTL, "--lang", "en", *command], cwd=self.place, text=True,
                                  capture_output=True, env=self.service.environment("x"))
            self.assertEqual(said.returncode, 1, command)
            self.assertIn("give --config with the folder of server.yaml", said.stderr)

    def test_principals_are_shown(self):
        shown = self.service.ctl("--lang", "en", "principals", "--config", self.config)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("example-monitor-enforcement  MONITOR", shown.stdout)

    def test_the_python_example_speaks_tls(self):
        clue = self.place / "clue.json"
        clue.write_text(json.dumps(harness.clue("tls-1")))
        harness.make_stubs()
        result = subprocess.run(
            [harness.PYTHON, harness.EXAMPLES / "python/partner.py", clue],
            env=self.service.environment(harness.PARTNER, SUPERVISION_TLS_CA=self.ca(),
                                         SUPERVISION_STUBS=str(harness.STUBS),
                                         SUPERVISION_SERVER=f"localhost:{self.service.port}"),
            capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class CertsTest(unittest.TestCase):
    def test_nothing_is_overwritten_and_keys_are_private(self):
        with tempfile.TemporaryDirectory() as folder:
            certs = lambda *arguments: subprocess.run(
                [harness.ROOT / "deploy/certs", *arguments], capture_output=True, text=True)
            self.assertEqual(certs(folder).returncode, 0)
            before = {file.name: file.read_bytes() for file in pathlib.Path(folder).iterdir()}
            again = certs(folder)
            self.assertEqual(again.returncode, 2)
            self.assertIn("never overwritten", again.stderr)
            self.assertEqual(before, {f.name: f.read_bytes() for f in pathlib.Path(folder).iterdir()})
            for file in pathlib.Path(folder).glob("*.key"):
                self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)
            self.assertEqual(certs("--help").returncode, 0)
            self.assertEqual(certs(folder, "--server", "x").returncode, 2)


if __name__ == "__main__":
    harness.main()
