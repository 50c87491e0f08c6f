"""deploy/redis/start: a Redis that was killed in the middle of a write."""

import os
import pathlib
import shutil
import signal
import tempfile
import unittest

import harness
from external_redis import ExternalRedis

# What a script wrote until it was cut: its transaction has no end.
CUT = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n*3\r\n$3"


class RedisStartTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sv-e2e-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.redis = ExternalRedis(self.directory)
        self.addCleanup(self.redis.stop)
        self.redis.stop(signal.SIGKILL)
        [self.file] = (self.redis.directory / "appendonlydir").glob("*.incr.aof")
        self.whole = self.file.read_bytes()

    def test_an_unfinished_write_is_taken_off_with_all_of_its_transaction(self):
        self.file.write_bytes(self.whole + CUT)
        self.redis.start()
        self.assertEqual(self.file.read_bytes(), self.whole)

    def test_more_than_a_write_is_left_to_a_person(self):
        self.file.write_bytes(self.whole + b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n")
        os.truncate(self.file, len(self.whole) + (65 << 20))
        with self.assertRaisesRegex(AssertionError, "restore a backup"):
            self.redis.start()
        self.assertEqual(self.file.stat().st_size, len(self.whole) + (65 << 20))


if __name__ == "__main__":
    harness.main()
