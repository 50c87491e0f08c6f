"""What other rules would change in history, and a candidate set beside the live one."""

import json
import shutil

import harness
from harness import ENFORCEMENT, MONITOR, OPERATOR, PARTNER, PETITION, ROOT, clue, eventually

SHIPPED = ROOT / "deploy" / "config"


class ReclassifyTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        cls.other = cls.service.directory / "other"
        shutil.copytree(SHIPPED / "rules", cls.other)
        harness.make_poorer(cls.other)
        cls.service.flags = [f"--shadow.rules={cls.other}", "--shadow.percent=100"]
        cls.service.start().ready()
        eventually(lambda: cls.shadow()["candidate"]["loaded"], "the candidate is loaded")
        cls.receipts = [cls.service.submit(clue(f"R-{i}", content=content))
                        for i, content in enumerate((ENFORCEMENT, PETITION, ENFORCEMENT))]

    @classmethod
    def shadow(cls):
        return json.loads(cls.service.ctl("shadow", "--json", token=OPERATOR).stdout)

    def reclassify(self, *arguments, token=MONITOR):
        return self.service.ctl("reclassify", "--from", "2000-01-01", "--diff", "--config", SHIPPED,
                                *arguments, token=token)

    def test_the_set_in_force_changes_nothing(self):
        result = self.reclassify("--json")
        self.assert_exit(result, 0)
        counts = self.json_lines(result)[-1]["counts"]
        self.assertEqual((counts["clues"], counts["changed"]), (3, 0))

    def test_another_set_is_shown_clue_by_clue_and_changes_nothing(self):
        before = [self.service.ctl("get", one["clue_id"], "--json").stdout for one in self.receipts]
        result = self.reclassify("--rules", self.other, "--json")
        self.assert_exit(result, 0)
        *changes, last = self.json_lines(result)
        self.assertEqual(last["counts"]["clues"], 3)
        self.assertEqual(last["counts"]["changed"], len(changes))
        self.assertGreater(len(changes), 0)
        self.assertLessEqual({change["clue_id"] for change in changes},
                             {one["clue_id"] for one in self.receipts})
        for change in changes:
            self.assertNotEqual(change["before"]["rules_version"], change["after"]["rules_version"])
        table = self.reclassify("--rules", self.other)
        self.assertIn(changes[0]["clue_id"], table.stdout)
        after = [self.service.ctl("get", one["clue_id"], "--json").stdout for one in self.receipts]
        self.assertEqual(before, after)

    def test_what_cannot_be_used_or_read_is_named(self):
        self.assert_exit(self.reclassify("--rules", "/no/such/folder"), 1)
        self.assert_exit(self.reclassify("--to", "yesterday"), 1)
        self.assert_exit(self.reclassify(token=OPERATOR), 4)

    def test_the_candidate_beside_is_compared_and_listed_without_text(self):
        eventually(lambda: int(self.shadow()["compared"]) == 3, "all are compared")
        shown = self.shadow()
        self.assertGreater(int(shown["differing"]), 0)
        text = json.dumps(shown, ensure_ascii=False)
        for part in ("夜间强制拆除", "某县综合行政执法局", "对某店作出"):
            self.assertNotIn(part, text)
        table = self.service.ctl("shadow", token=OPERATOR)
        self.assert_exit(table, 0)
        self.assertIn(shown["differences"][0]["clue_id"], table.stdout)
        self.assert_exit(self.service.ctl("shadow", token=PARTNER), 4)


if __name__ == "__main__":
    harness.main()
