"""History sorted anew by the set in force: supervisionctl reclassify --apply."""

import json
import shutil

import harness
from harness import ENFORCEMENT, MONITOR, OPERATOR, PETITION, REVIEWER, ROOT, clue

SHIPPED = ROOT / "deploy" / "config"


class ApplyTest(harness.ServiceTest):
    def setUp(self):
        self.service = harness.Service()
        self.addCleanup(self.service.remove)
        self.rules = self.service.directory / "rules"
        shutil.copytree(SHIPPED / "rules", self.rules)
        self.service.flags = [f"--files.rules={self.rules}", "--reload.watch=false"]
        self.service.start().ready()
        self.receipts = [self.service.submit(clue(f"R-{i}", content=content))
                         for i, content in enumerate((ENFORCEMENT, PETITION, ENFORCEMENT))]

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def exchange(self):
        """Other rules come into force."""
        harness.make_poorer(self.rules)
        self.assert_exit(self.service.ctl("reload", token=OPERATOR), 0)

    def reclassify(self, *arguments, token=REVIEWER):
        return self.service.ctl("reclassify", "--from", "2000-01-01", *arguments, token=token)

    def applied(self, result):
        return self.json_lines(result)[-1]["applied"]

    def counts(self, result):
        [line] = [line for line in self.json_lines(result) if "counts" in line]
        return line["counts"]

    def read(self, receipt):
        return json.loads(self.service.ctl("get", receipt["clue_id"], "--json", token=MONITOR).stdout)

    def test_what_was_shown_is_corrected_by_the_system_and_a_restart_finds_nothing(self):
        self.exchange()
        shown = self.counts(self.reclassify("--diff", "--json"))
        self.assertGreater(shown["changed"], 0)
        result = self.reclassify("--apply", "--yes", "--json")
        self.assert_exit(result, 0)
        applied = self.applied(result)
        self.assertEqual(applied["corrected"], shown["changed"])
        for kind in ("scenario", "risk", "raised", "review"):
            self.assertEqual(applied[kind], shown[kind])
        changed = [line["clue_id"] for line in self.json_lines(result) if "outcome" in line]
        for receipt in self.receipts:
            seen = self.read(receipt)
            self.assertEqual("correction" in seen and seen["correction"] is not None,
                             receipt["clue_id"] in changed)
            if receipt["clue_id"] not in changed:
                continue
            correction = seen["correction"]
            self.assertEqual(correction["by"], "CORRECTED_BY_SYSTEM")
            self.assertNotEqual(correction["verdict"]["rules_version"],
                                seen["verdict"]["rules_version"])
        again = self.reclassify("--apply", "--yes", "--json")
        self.assert_exit(again, 0)
        self.assertEqual(self.applied(again)["corrected"], 0)
        self.assertEqual(self.counts(again)["changed"], 0)

    def test_a_persons_word_is_left(self):
        first = self.receipts[0]["clue_id"]
        corrected = self.service.ctl("review", "correct", first, "--scenario", "judicial", "--risk",
                                     "low", "--reason", "判决未履行", token=REVIEWER)
        self.assert_exit(corrected, 0)
        self.exchange()
        result = self.reclassify("--apply", "--yes", "--json")
        self.assert_exit(result, 0)
        self.assertEqual(self.counts(result)["decided"], 1)
        self.assertEqual(self.read(self.receipts[0])["correction"]["by"], "CORRECTED_BY_PERSON")

    def test_nobody_is_surprised(self):
        before = self.read(self.receipts[0])
        self.exchange()
        unasked = self.reclassify("--apply")
        self.assert_exit(unasked, 1)
        self.assertIn("--yes", unasked.stderr)
        self.assert_exit(self.reclassify("--apply", "--yes", "--rules", self.rules), 1)
        self.assert_exit(self.reclassify("--yes", "--diff"), 1)
        self.assert_exit(self.reclassify(), 1)
        self.assert_exit(self.reclassify("--apply", "--yes", token=MONITOR), 4)
        self.assertEqual(self.read(self.receipts[0]), before)

    def test_the_table_says_what_was_done(self):
        self.exchange()
        result = self.reclassify("--apply", "--yes")
        self.assert_exit(result, 0)
        self.assertIn("would change", result.stdout)
        self.assertIn("corrected", result.stdout)


if __name__ == "__main__":
    harness.main()
