"""A data directory without room, and one that can only be read: on file systems made for it."""

import os
import shutil
import unittest

import harness

CONFIG = harness.ROOT / "deploy" / "config" / "server.yaml"


class DiskTest(unittest.TestCase):
    def setUp(self):
        harness.package()
        self.place = harness.scratch("disk")
        self.addCleanup(shutil.rmtree, self.place)

    def on(self, prepare, command):
        """The outcome of a command in which $PLACE is a file system of its own, as `prepare` leaves it."""
        script = ("set -e; mount --make-rprivate /; mount -t tmpfs -o size=2m tmpfs $PLACE; mkdir $PLACE/data;"
                  f" {prepare}; set +e; {command}")
        return harness.run("unshare", "--mount", "bash", "-c", script, check=False, limit=60,
                           env={"PATH": os.environ["PATH"], "PLACE": str(self.place)})

    def test_a_full_one_is_refused_in_words(self):
        fill = "dd if=/dev/zero of=$PLACE/fill bs=4k 2>/dev/null || true"
        started = self.on(fill, f"{harness.DAEMON} --config {CONFIG} --listen.grpc=127.0.0.1:0"
                                " --listen.metrics=off --redis.data_directory=$PLACE/data")
        self.assertEqual(started.returncode, 1, started.stderr)
        self.assertIn("redis.data_directory", started.stderr)
        self.assertIn("is full: make at least", started.stderr)
        seen = self.on(fill, f"SUPERVISION_REDIS_DATA_DIRECTORY=$PLACE/data {harness.CTL} --lang en doctor"
                             f" --config {CONFIG}")
        self.assertEqual(seen.returncode, 3, seen.stdout)
        self.assertRegex(seen.stdout, r"FAIL data: redis.data_directory .*make room on its disk")
        self.assertRegex(seen.stdout, r"FAIL disk: 0 MiB are free .*redis.min_free_disk")

    def test_one_that_can_only_be_read_is_refused_in_words(self):
        read_only = "mount -o remount,ro $PLACE"
        started = self.on(read_only, f"{harness.DAEMON} --config {CONFIG} --listen.grpc=127.0.0.1:0"
                                     " --listen.metrics=off --redis.data_directory=$PLACE/data")
        self.assertEqual(started.returncode, 1, started.stderr)
        self.assertRegex(started.stderr,
                         r"redis.data_directory .*cannot be written in; .*Read-only file system")
        seen = self.on(read_only, f"SUPERVISION_REDIS_DATA_DIRECTORY=$PLACE/data {harness.CTL} --lang en"
                                  f" doctor --config {CONFIG}")
        self.assertRegex(seen.stdout, r"FAIL data: .*Read-only file system")


if __name__ == "__main__":
    unittest.main()
