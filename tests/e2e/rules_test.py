"""supervisionctl rules test: offline, over folders of rules, without any service."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness

CONFIG = harness.ROOT / "deploy" / "config"
RULES = "23_admin_enforcement.yaml"


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copytree(CONFIG / "rules", self.folder / "rules")
        shutil.copy(CONFIG / "catalogue.yaml", self.folder)

    def run_test(self, *arguments):
        return subprocess.run([str(harness.CTL), "rules", "test", *arguments], text=True,
                              timeout=harness.PATIENCE, capture_output=True, stdin=subprocess.DEVNULL)

    def spoil(self, old, new):
        path = self.folder / "rules" / RULES
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))
        return text[:text.index(old)].count("\n") + 1

    def test_shipped_examples_hold_and_coverage_is_told(self):
        result = self.run_test(str(CONFIG))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"(\d+) rules, \1 with both kinds of examples; \d+ examples and")

    def test_a_folder_of_rules_alone_will_do(self):
        self.assertEqual(self.run_test(str(self.folder / "rules")).returncode, 0)

    def test_a_folder_of_rules_alone_is_checked_as_a_service_checks_it(self):
        self.spoil("problem: ENF-03", "problem: NPC-99")
        self.spoil("statute: 行政强制法", "statute: 不存在法")
        result = self.run_test(str(self.folder / "rules"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, rf'{RULES}:\d+: rule [A-Z_.]+: problem "NPC-99" is not defined')
        self.assertIn("不存在法", result.stderr)
        self.assertIn("2 mistakes in the rules", result.stderr)

    def test_a_law_that_ends_is_told_of_a_folder_of_rules_alone(self):
        statutes = self.folder / "rules" / "05_statutes.yaml"
        old = 'effective: {from: "2012-01-01"}'
        self.assertIn(old, statutes.read_text())
        statutes.write_text(
            statutes.read_text().replace(old, 'effective: {from: "2012-01-01", to: "2099-12-31"}'))
        self.assertEqual(self.run_test(str(self.folder / "rules")).returncode, 0)
        result = self.run_test(str(self.folder / "rules"), "--on", "2100-01-01")
        self.assertEqual(result.returncode, 1)
        self.assertIn("ENF.SEIZURE_OVERDUE rests on 行政强制法 第25条, which ended", result.stderr)

    def test_an_example_that_fails_is_told_by_file_and_line(self):
        line = self.spoil("窗口从来没有一次性告知要什么材料", "今天天气很好")
        result = self.run_test(str(self.folder / "rules"))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, rf"{RULES}:{line}: rule ENF.ONE_TIME_NOTICE: the example")

    def test_a_counter_example_that_matches_is_told(self):
        self.spoil("请问要什么材料", "没有一次性告知")
        result = self.run_test(str(self.folder))
        self.assertEqual(result.returncode, 1)
        self.assertIn("ENF.ONE_TIME_NOTICE: the counter-example", result.stdout + result.stderr)

    def test_a_law_that_ends_is_told_beforehand_by_the_lines_that_cite_it(self):
        statutes = self.folder / "rules" / "05_statutes.yaml"
        old = 'effective: {from: "2012-01-01"}'
        self.assertIn(old, statutes.read_text())
        statutes.write_text(
            statutes.read_text().replace(old, 'effective: {from: "2012-01-01", to: "2099-12-31"}'))
        self.assertEqual(self.run_test(str(self.folder)).returncode, 0)
        result = self.run_test(str(self.folder), "--on", "2100-01-01")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr,
                         RULES + r":\d+: rule ENF\.SEIZURE_OVERDUE rests on 行政强制法 第25条, which ended")

    def test_a_day_that_is_none_is_told(self):
        result = self.run_test(str(self.folder), "--on", "soon")
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a date", result.stderr)

    def test_list_names_what_no_counter_example_tries(self):
        result = self.run_test(str(self.folder / "rules"), "--list")
        self.assertNotIn("ENF.ONE_TIME_NOTICE", result.stdout)
        self.spoil("请问要什么材料", "今天天气很好")
        result = self.run_test(str(self.folder / "rules"), "--list")
        self.assertIn("ENF.ONE_TIME_NOTICE: its counter-examples are far from its words",
                      result.stdout)

    def test_unknown_scenario_is_told(self):
        line = self.spoil("scenario: ADMIN_ENFORCEMENT", "scenario: ADMIN_FORCE")
        result = self.run_test(str(self.folder))
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{RULES}:{line}", result.stderr)

    def test_impossible_pattern_is_told(self):
        self.spoil('"未告知"', '"{未告知"')
        result = self.run_test(str(self.folder))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, RULES + r":\d+")


if __name__ == "__main__":
    unittest.main()
