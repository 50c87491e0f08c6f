"""deploy/container/prepare: what it does where something is amiss, and to a deployment that is there."""

import pathlib
import shutil
import unittest

import harness

PREPARE = "deploy/container/prepare"
PROGRAMS = ("bash", "cat", "chmod", "chown", "cp", "cut", "dirname", "find", "grep", "id", "mkdir", "mktemp", "mv", "od",
            "realpath", "rm", "sed", "sha256sum", "sort", "tr", "xargs")


class PrepareTest(unittest.TestCase):
    def setUp(self):
        self.folder = harness.scratch("prepare")
        self.addCleanup(shutil.rmtree, self.folder)
        self.secrets = self.folder / "deploy/container/secrets"
        shutil.copytree(harness.ROOT / "deploy", self.folder / "deploy",
                        ignore=shutil.ignore_patterns("secrets", "config"))
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for program in PROGRAMS:
            (self.bin / program).symlink_to(shutil.which(program))

    def prepare(self, *words, path=None):
        return harness.run(f"./{PREPARE}", *words, cwd=self.folder, check=False,
                           env={"PATH": str(path or self.bin)})

    def test_without_openssl_nothing_is_made(self):
        refused = self.prepare()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("openssl", refused.stderr)
        self.assertFalse(self.secrets.exists())

    def test_what_fails_half_way_leaves_nothing_that_the_next_run_refuses(self):
        openssl = self.bin / "openssl"
        openssl.write_text("#!/bin/sh\nexit 1\n")
        openssl.chmod(0o755)
        self.assertNotEqual(self.prepare().returncode, 0)
        self.assertFalse(self.secrets.exists())
        openssl.unlink()
        openssl.symlink_to(shutil.which("openssl"))
        self.assertEqual(self.prepare().returncode, 0)

    def test_what_compose_mounts_and_the_containers_could_not_read_is_named(self):
        conf = self.folder / "deploy/redis/redis.conf"
        conf.chmod(0o640)
        refused = self.prepare(path="/usr/bin:/bin")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"chmod o+r {conf}\n", refused.stderr)
        self.assertFalse(self.secrets.exists())
        # Of the manifests' no such file is mounted.
        self.assertEqual(self.prepare("elsewhere", path="/usr/bin:/bin").returncode, 0)
        conf.chmod(0o644)
        self.assertEqual(self.prepare(path="/usr/bin:/bin").returncode, 0)

    def test_the_users_of_redis_are_written_anew_with_the_passwords_that_are_there(self):
        self.prepare(path="/usr/bin:/bin")
        users = self.secrets / "redis/users.acl"
        before, place = users.read_text(), users.stat().st_ino
        shipped = self.folder / "deploy/redis/users.acl"
        shipped.write_text(shipped.read_text().replace(" +zscore", " +zscore +later"))
        kept = self.files()
        self.assertEqual(self.prepare("--redis-users", path="/usr/bin:/bin").returncode, 0)
        self.assertEqual(users.read_text(), before.replace(" +zscore", " +zscore +later"))
        self.assertEqual(users.stat().st_ino, place)  # a container has this file mounted
        del kept["redis/users.acl"]
        self.assertEqual({name: text for name, text in self.files().items() if name in kept}, kept)
        # One that an earlier release has made has no administrator.
        shutil.rmtree(self.secrets / "admin")
        self.assertEqual(self.prepare("--redis-users", path="/usr/bin:/bin").returncode, 0)
        self.assertIn("\nuser admin on #", users.read_text())
        self.assertNotIn("0" * 64, users.read_text())

    def test_users_of_a_deployment_that_is_not_there_are_refused(self):
        self.assertIn("redis/password", self.prepare("--redis-users", path="/usr/bin:/bin").stderr)
        self.assertFalse(self.secrets.exists())

    def files(self):
        return {str(path.relative_to(self.secrets)): path.read_text()
                for path in pathlib.Path(self.secrets).rglob("*") if path.is_file()}


if __name__ == "__main__":
    unittest.main()
