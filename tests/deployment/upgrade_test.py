"""The release before this one and this one on one ledger; tests/e2e/upgrade_test.py says what they do."""

import os
import subprocess
import unittest

import harness
import previous_release


class UpgradeTest(unittest.TestCase):
    def test_the_release_before_serves_beside_this_one(self):
        try:
            previous = previous_release.build()
        except previous_release.NotThere as why:
            self.skipTest(str(why))
        harness.package()
        result = subprocess.run(
            ["/usr/bin/python3", harness.ROOT / "tests" / "e2e" / "upgrade_test.py"],
            env={**os.environ, "SUPERVISION_BUILD": str(harness.BUILD),
                 "SUPERVISION_PREVIOUS": str(previous), "PYTHONDONTWRITEBYTECODE": "1"},
            text=True, capture_output=True, timeout=300, check=False)
        self.assertEqual(result.returncode, 0, result.stderr[-6000:])


if __name__ == "__main__":
    unittest.main()
