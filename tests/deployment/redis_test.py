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

    def test_the_shipped_stunnel_reaches_a_redis_with_tls(self):
        folder = harness.scratch("stunnel")
        self.addCleanup(shutil.rmtree, folder)
        tls = manifests.secrets() / "tls"
        behind, before = harness.free_port(), harness.free_port()
        shipped = (harness.ROOT / "deploy/kubernetes/replicas/stunnel.conf").read_text()
        for old, new in (("127.0.0.1:6379", f"127.0.0.1:{before}"),
                         ("redis.example.internal:6380", f"127.0.0.1:{behind}"),
                         ("checkHost = redis.example.internal", "checkHost = localhost"),
                         ("/run/stunnel/ca/ca.crt", str(tls / "ca.crt"))):
            self.assertIn(old, shipped)
            shipped = shipped.replace(old, new)
        (folder / "stunnel.conf").write_text(shipped)
        self.spawn(["redis-server", "--port", "0", "--tls-port", behind, "--tls-auth-clients", "no",
                    "--tls-cert-file", tls / "tls.crt", "--tls-key-file", tls / "tls.key",
                    "--tls-ca-cert-file", tls / "ca.crt", "--dir", folder], "/usr/bin/redis-check-rdb")
        self.spawn(["stunnel", folder / "stunnel.conf"], tool("stunnel"))
        harness.eventually(lambda: "PONG" in harness.run("redis-cli", "-p", before, "ping",
                                                         check=False).stdout,
                           "Redis answers through stunnel")

    def spawn(self, words, executable):
        process = subprocess.Popen(list(map(str, words)), executable=executable,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.terminate(), process.wait(30)))


if __name__ == "__main__":
    unittest.main()
