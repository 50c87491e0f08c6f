"""The shipped users.acl, which has the rights that the service needs, as the tests of the suites
integration, e2e and faults show that enter Redis as this user, and no other; and the shipped stunnel."""

import re
import shutil
import subprocess
import unittest

import harness
import manifests
from tools import tool

ACL = harness.ROOT / "deploy" / "redis" / "users.acl"
HASH = "#" + "0" * 64  # the place of the password's


def user_rights():
    return ACL.read_text().split("user supervision ")[1].split()


class RedisTest(unittest.TestCase):
    def test_the_user_may_do_what_each_script_does(self):
        used = {name.lower() for script in (harness.ROOT / "services/ledger/scripts").glob("*.lua")
                for name in re.findall(r"redis\.p?call\(\s*['\"](\w+)['\"]", script.read_text())}
        self.assertGreater(len(used), 10)
        rights = {right.removeprefix("+").partition("|")[0] for right in user_rights()}
        self.assertEqual(used - rights, set())

    def test_the_user_may_do_nothing_dangerous(self):
        self.assertIn("user default off", ACL.read_text())
        rights = user_rights()
        self.assertEqual(rights[:5], ["on", HASH, "~sv:*", "resetchannels", "-@all"])
        allowed = {right.removeprefix("+") for right in rights[5:]}
        self.assertEqual(allowed & {"flushall", "flushdb", "keys", "scan", "config", "config|set",
                                    "shutdown", "debug", "acl", "eval", "script", "script|flush",
                                    "replicaof", "module", "save", "monitor"}, set())
        self.assertFalse(any(right.startswith("@") for right in allowed))

    def through_stunnel(self, authority, certificate, key, host="localhost", at="127.0.0.1", hosts=None):
        """Starts a Redis with TLS and the shipped stunnel before it, which looks its name `at` up in a file
        `hosts` of its own; its port and its log."""
        folder = harness.scratch("stunnel")
        self.addCleanup(shutil.rmtree, folder)
        behind, before = harness.free_port(), harness.free_port()
        shipped = (harness.ROOT / "deploy/kubernetes/replicas/stunnel.conf").read_text()
        for old, new in (("127.0.0.1:6379", f"127.0.0.1:{before}"),
                         ("redis.example.internal:6380", f"{at}:{behind}"),
                         ("checkHost = redis.example.internal", f"checkHost = {host}"),
                         ("/run/stunnel/ca/ca.crt", str(authority))):
            self.assertIn(old, shipped)
            shipped = shipped.replace(old, new)
        (folder / "stunnel.conf").write_text(shipped)
        self.spawn(["redis-server", "--port", "0", "--tls-port", behind, "--bind", "127.0.0.1",
                    "--tls-auth-clients", "no", "--tls-cert-file", certificate, "--tls-key-file", key,
                    "--tls-ca-cert-file", authority, "--dir", folder], "/usr/bin/redis-check-rdb", folder / "redis.log")
        harness.eventually(lambda: "Ready to accept" in (folder / "redis.log").read_text(), "Redis listens")
        if hosts is None:
            self.spawn(["stunnel", folder / "stunnel.conf"], tool("stunnel"), folder / "stunnel.log")
        else:
            script = 'mount --bind "$1" /etc/hosts; exec "$2" "$3"'
            self.spawn(["unshare", "--mount", "bash", "-c", script, "bash", hosts, tool("stunnel"),
                        folder / "stunnel.conf"], "/usr/bin/unshare", folder / "stunnel.log")
        harness.eventually(lambda: "Configuration successful" in (folder / "stunnel.log").read_text(),
                           "stunnel listens")
        return before, folder / "stunnel.log"

    @staticmethod
    def ping(port):
        return harness.run("redis-cli", "-p", port, "ping", check=False).stdout

    def test_the_shipped_stunnel_reaches_a_redis_with_tls(self):
        tls = manifests.secrets() / "tls"
        port, log = self.through_stunnel(tls / "ca.crt", tls / "tls.crt", tls / "tls.key")
        self.assertIn("PONG", self.ping(port), log.read_text())

    def test_it_refuses_one_of_another_authority_and_one_of_another_name(self):
        tls = manifests.secrets() / "tls"
        other = harness.scratch("other")
        self.addCleanup(shutil.rmtree, other)
        harness.run(harness.ROOT / "deploy/certs", other / "tls", "--server", "server=localhost")
        for certificate, key, host in (
                (other / "tls/server.pem", other / "tls/server.key", "localhost"),
                (tls / "tls.crt", tls / "tls.key", "redis.example.internal")):
            with self.subTest(certificate=certificate, host=host):
                port, log = self.through_stunnel(tls / "ca.crt", certificate, key, host)
                self.assertNotIn("PONG", self.ping(port))
                self.assertIn("certificate verify failed", log.read_text())

    def test_it_follows_a_redis_that_moves_to_another_address(self):
        tls = manifests.secrets() / "tls"
        hosts = harness.scratch("hosts") / "hosts"
        self.addCleanup(shutil.rmtree, hosts.parent)
        hosts.write_text("127.0.0.99 redis.moving\n")  # where nobody listens
        port, _ = self.through_stunnel(tls / "ca.crt", tls / "tls.crt", tls / "tls.key",
                                       at="redis.moving", hosts=hosts)
        self.assertNotIn("PONG", self.ping(port))
        hosts.write_text("127.0.0.1 redis.moving\n")
        harness.eventually(lambda: "PONG" in self.ping(port), "the Redis is reached where it is now", 20)

    def spawn(self, words, executable, log):
        with open(log, "wb") as output:
            process = subprocess.Popen(list(map(str, words)), executable=executable,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.addCleanup(lambda: (process.terminate(), process.wait(30)))


if __name__ == "__main__":
    unittest.main()
