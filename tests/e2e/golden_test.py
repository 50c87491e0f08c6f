"""The ledgers of earlier releases (golden/): this one reads them as they were and goes on with them."""

import json
import pathlib
import sys

import harness
from harness import clue

FOLDER = pathlib.Path(__file__).resolve().parent / "golden"
sys.path.insert(0, str(FOLDER))

from readback import read_back  # noqa: E402


class Golden:
    """One release's ledger; a class of tests for each is made below."""

    @classmethod
    def setUpClass(cls):
        cls.kept = json.loads(cls.file.with_suffix(".json").read_text())
        cls.service = harness.Service(embedded=True)
        restored = cls.service.ctl("restore", "--data", cls.service.directory / "data", cls.file)
        if restored.returncode != 0:
            raise AssertionError(restored.stderr)
        # Its log is as old as the release, and must not be trimmed for its age.
        cls.service.flags.append("--ledger.log_age=36500d")
        cls.service.start().ready()

    def test_a_all_is_read_as_it_was(self):
        self.maxDiff = 20_000
        self.assertEqual(contained(self.kept["holds"], read_back(self.service)),
                         self.kept["holds"])

    def test_b_a_request_that_was_answered_is_answered_the_same(self):
        again = self.service.submit(self.kept["request"], request_id="golden-1")
        self.assertEqual(again["clue_id"], self.kept["receipt"]["clue_id"])

    def test_c_places_go_on_and_what_comes_is_told(self):
        new = self.service.submit(clue("golden-new"))["clue_id"]
        cursor = self.service.directory / "golden.cursor"
        cursor.write_text(self.kept["cursor"])
        for place in (["--cursor-file", cursor], ["--subscription", "golden"]):
            told = self.watch_until(lambda lines: new in self.clues(lines), *place)
            self.assertGreater(len(told), 1, "also what the earlier release had not told yet")

    def clues(self, lines):
        return [line["alert"].get("clue_id") for line in lines]


def contained(kept, read):
    """`read` without the fields that the earlier release did not have."""
    if isinstance(kept, dict) and isinstance(read, dict):
        return {name: contained(kept[name], value) for name, value in read.items() if name in kept}
    if isinstance(kept, list) and isinstance(read, list) and len(kept) == len(read):
        return [contained(*pair) for pair in zip(kept, read)]
    return read


for _file in sorted(FOLDER.glob("ledger-*.rdb")):
    _name = "Golden" + _file.stem.replace("-", "_").replace(".", "_")
    globals()[_name] = type(_name, (Golden, harness.ServiceTest), {"file": _file})


class GoldenTest(harness.unittest.TestCase):
    def test_a_ledger_of_each_release_is_kept(self):
        self.assertTrue(list(FOLDER.glob("ledger-*.rdb")))


if __name__ == "__main__":
    harness.main()
