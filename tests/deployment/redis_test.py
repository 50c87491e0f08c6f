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

    def redis(self, folder):
        """As the shipped one, with the users of prepare; its socket."""
        users = manifests.secrets() / "redis" / "users.acl"
        conf = (harness.ROOT / "deploy/redis/redis.conf").read_text()
        for old, new in (("port 6379", f"port 0\nunixsocket {folder}/socket"), ("/etc/redis/users.acl", str(users)),
                         ("dir /data", f"dir {folder}")):
            self.assertIn(old, conf)
            conf = conf.replace(old, new)
        (folder / "redis.conf").write_text(conf)
        process = self.spawn(["redis-server", folder / "redis.conf"], "/usr/bin/redis-check-rdb", folder / "redis.log")
        harness.eventually(lambda: "ready to accept" in (folder / "redis.log").read_text(), "Redis listens")
        return process

    @staticmethod
    def as_user(folder, name, password, *words):
        secret = (manifests.secrets() / password).read_text().strip()
        return harness.run("redis-cli", "-s", folder / "socket", "--user", name, *words, check=False,
                           env={"PATH": "/usr/bin:/bin", "REDISCLI_AUTH": secret}).stdout.strip()

    def test_its_administrator_may_set_copy_and_stop_it_and_the_service_s_user_may_not(self):
        folder = harness.scratch("admin")
        self.addCleanup(shutil.rmtree, folder)
        self.redis(folder)
        self.assertIn("NOPERM", self.as_user(folder, "supervision", "redis/password", "config", "set", "maxmemory", "1gb"))
        self.assertIn("PONG", self.as_user(folder, "supervision", "redis/password", "ping"))
        for words in (("config", "set", "maxmemory", "1gb"), ("acl", "load"), ("set", "anything", "1")):
            self.assertEqual(self.as_user(folder, "admin", "admin/redis-password", *words), "OK")
        password = manifests.secrets() / "admin" / "redis-password"
        self.assertEqual((password.stat().st_uid, password.stat().st_mode & 0o777), (0, 0o400))
        # It is mounted nowhere.
        self.assertNotIn("secrets/admin", (harness.ROOT / "deploy/container/compose.yaml").read_text())

    def test_a_dump_is_put_back_and_what_was_there_is_kept(self):
        folder = harness.scratch("restore")
        self.addCleanup(shutil.rmtree, folder)
        process = self.redis(folder)

        def admin(*words):
            return self.as_user(folder, "admin", "admin/redis-password", *words)

        admin("set", "sv:kept", "1")
        admin("--rdb", folder / "ledger.rdb")
        admin("set", "sv:later", "1")
        process.terminate()
        process.wait(30)
        restore = ["sh", harness.ROOT / "deploy/redis/restore", folder]
        for text, status in ((b"no dump", 1), ((folder / "ledger.rdb").read_bytes(), 0)):
            before = sorted(path.name for path in folder.iterdir())
            done = subprocess.run(restore, input=text, check=False, capture_output=True, timeout=60)
            self.assertEqual(done.returncode, status, done.stderr)
            if status:
                self.assertEqual(sorted(path.name for path in folder.iterdir()), before)
        self.assertEqual(len(list(folder.glob("appendonlydir.2*"))), 1)
        (folder / "redis.log").unlink()
        self.redis(folder)
        self.assertEqual(admin("keys", "*"), "sv:kept")

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
        return process


if __name__ == "__main__":
    unittest.main()
