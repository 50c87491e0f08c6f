"""supervisionctl evaluate: offline, over labelled files, without any service."""

import html.parser
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import harness

CONFIG = harness.ROOT / "deploy" / "config"
GOLDEN = harness.ROOT / "tests" / "unit" / "classification" / "golden.jsonl"
SVG = "{http://www.w3.org/2000/svg}"

# Sets with classes of their own, which no catalogue knows: each class has its words.
OWN_CLASSES = {"果蔬": ["苹果", "白菜", "西瓜", "萝卜", "葡萄", "番茄"],
               "车辆": ["轮胎", "刹车", "方向盘", "油箱", "车灯", "雨刮"],
               "天气": ["下雨", "大风", "降温", "多云", "霜冻", "雷电"]}


def own_set(count, seed):
    """Clues of OWN_CLASSES in turn; no two texts are alike."""
    dice = random.Random(seed)
    clues = []
    for number in range(count):
        label = list(OWN_CLASSES)[number % len(OWN_CLASSES)]
        words = [dice.choice(OWN_CLASSES[label]) for _ in range(6)]
        filler = "".join(chr(dice.randrange(0x4E00, 0x9000)) for _ in range(60))
        clues.append({"id": f"{seed}-{number}", "content": filler + "".join(words), "label": label})
    return clues


class Page(html.parser.HTMLParser):
    """What a page says: its figures, the JSON inside, and whatever it would load."""

    def __init__(self, text):
        super().__init__()
        self.figures, self.report, self.loads = {}, "", []
        self._into = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.loads += [(tag, name) for name in ("src", "href", "xlink:href", "data", "action")
                       if name in attributes]
        if tag in ("link", "img", "iframe", "object", "embed"):
            self.loads.append((tag, ""))
        self._into = attributes.get("data-key") or attributes.get("id")

    def handle_endtag(self, tag):
        self._into = None

    def handle_data(self, data):
        if self._into == "report":
            self.report += data
        elif self._into:
            self.figures[self._into] = data


class EvaluateTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sv-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, clues):
        path = self.folder / name
        path.write_text("".join(clue if isinstance(clue, str) else
                                json.dumps(clue, ensure_ascii=False) + "\n" for clue in clues))
        return path

    def evaluate(self, *arguments, code=0):
        """Nothing listens at the address: the command must not ask for it."""
        result = subprocess.run(
            [harness.CTL, "evaluate", "--config", CONFIG, *map(str, arguments)], text=True,
            timeout=250, capture_output=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8", "SUPERVISION_SERVER": "127.0.0.1:1"})
        self.assertEqual(result.returncode, code, f"{result.stdout}\n{result.stderr}")
        return result

    def figures(self, *arguments):
        return json.loads(self.evaluate("--json", *arguments).stdout)

    def test_golden_clues_are_measured_offline(self):
        figures = self.figures("--labels", GOLDEN)
        self.assertLessEqual({"macro_f1", "accuracy", "scope_accuracy", "high_precision",
                              "review_share", "accuracy_unreviewed", "per_class",
                              "calibration_error", "confusion"}, set(figures))
        self.assertEqual(figures["clues"], 45)
        self.assertEqual(len(figures["per_class"]), 12)
        self.assertGreaterEqual(figures["accuracy"], 0.9)

    def test_figures_agree_with_the_confusion_matrix(self):
        # Wrong on purpose, so that the figures are none that any mistake could give.
        clues = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
        for clue in clues[::3]:
            clue["label"] = "AUDIT_FISCAL_STATISTICS"
        figures = self.figures("--labels", self.write("wrong.jsonl", clues))
        counts, classes = figures["confusion"]["counts"], figures["confusion"]["classes"]
        self.assertEqual(sum(map(sum, counts)), len(clues))
        scores = []
        for place, name in enumerate(classes):
            labelled, said = sum(counts[place]), sum(row[place] for row in counts)
            scores.append(2 * counts[place][place] / (labelled + said))
            self.assertAlmostEqual(figures["per_class"][name]["f1"], scores[-1], places=5)
        self.assertAlmostEqual(figures["macro_f1"], sum(scores) / len(scores), places=5)
        right = sum(counts[place][place] for place in range(len(classes)))
        self.assertAlmostEqual(figures["accuracy"], right / len(clues), places=5)
        self.assertLess(figures["accuracy"], 0.8)

    def test_accepted_labels_and_risks_count_as_right(self):
        text = {"title": "强制拆除", "content": harness.ENFORCEMENT}
        first = self.figures("--rules-only", "--labels", self.write("a.jsonl", [
            {"id": "1", "label": "JUDICIAL", "risk": "LOW", **text}]))
        self.assertEqual(first["worst"][0]["said"], "ADMIN_ENFORCEMENT")
        self.assertEqual((first["accuracy"], first["high_precision"]), (0, 0))
        accepted = self.figures("--rules-only", "--labels", self.write("b.jsonl", [
            {"id": "1", "label": "JUDICIAL", "accept": ["JUDICIAL", "ADMIN_ENFORCEMENT"],
             "risk": "LOW", "accept_risk": ["LOW", "HIGH"], **text}]))
        self.assertEqual((accepted["accuracy"], accepted["high_precision"]), (1, 1))
        self.assertEqual(accepted["macro_f1"], 0)

    def test_table_shows_figures_and_quotes_worst_cases(self):
        wrong = self.write("wrong.jsonl", [
            {"id": "W-1", "title": "强制拆除", "content": harness.ENFORCEMENT, "label": "JUDICIAL"}])
        text = self.evaluate("--labels", wrong, "--rules-only").stdout
        self.assertRegex(text, r"accuracy +0\.000")
        self.assertRegex(text, r"W-1  JUDICIAL → ADMIN_ENFORCEMENT  \d\.\d\d")
        self.assertRegex(text, r"“[^”]+”  \S+ → ADMIN_ENFORCEMENT")
        self.assertNotIn("W-1", self.evaluate("--labels", wrong, "--worst", "0").stdout)
        self.assertIn("宏平均 F1", self.evaluate("--labels", wrong, "--lang", "zh").stdout)

    def test_files_have_figures_of_their_own(self):
        lines = GOLDEN.read_text().splitlines(keepends=True)
        figures = self.figures("--labels", self.write("a.jsonl", lines[:20]),
                               "--labels", self.write("b.jsonl", lines[20:]))
        self.assertEqual([part["clues"] for part in figures["per_file"]], [20, 25])
        self.assertEqual(figures["clues"], 45)

    def test_parts_divide_the_clues_and_the_held_out_one_stays_unread(self):
        clues = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
        for clue in clues:
            clue["label"] = "JUDICIAL"
        path = self.write("wrong.jsonl", clues)
        ids = {}
        for part in ("dev", "held-out"):
            found = self.figures("--labels", path, "--part", part, "--worst", "99")
            ids[part] = {case["id"] for case in found["worst"]}
            self.assertEqual(all("title" in case for case in found["worst"]), part == "dev")
        self.assertTrue(ids["dev"] and ids["held-out"])
        self.assertFalse(ids["dev"] & ids["held-out"])

    def test_page_is_self_contained_and_says_what_the_json_says(self):
        path = self.folder / "report.html"
        figures = self.figures("--labels", GOLDEN, "--html", path)
        text = path.read_text()
        page = Page(text)
        self.assertEqual(json.loads(page.report), figures)
        self.assertEqual(page.loads, [])
        self.assertIsNone(re.search(r"https?:|@import|url\(", text))
        for key in ("macro_f1", "accuracy", "scope_accuracy", "high_precision", "review_share",
                    "accuracy_unreviewed", "calibration_error"):
            shown = figures[key] is not None and f"{figures[key]:.3f}"
            self.assertEqual(page.figures[key], shown or "–", key)
        charts = {}
        for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
            root = xml.etree.ElementTree.fromstring(drawing)
            charts[root.get("class")] = root
        self.assertEqual(set(charts), {"confusion", "reliability", "review"})
        cells = [cell for cell in charts["confusion"].iter("g") if cell.get("class") == "cell"]
        numbers = [int(cell.findtext("text", "0")) for cell in cells]
        self.assertEqual(numbers, sum(figures["confusion"]["counts"], []))
        bins = [entry for entry in charts["reliability"].iter("g") if entry.get("class") == "bin"]
        self.assertEqual(len(bins), sum(entry["answers"] > 0 for entry in figures["reliability"]))
        self.assertEqual(len(list(charts["review"].iter("polyline"))), 1)

    def test_set_with_classes_of_its_own_is_learned_and_judged(self):
        train = self.write("train.jsonl", own_set(90, seed=1))
        test = self.write("test.jsonl", own_set(30, seed=2))
        figures = self.figures("--train", train, "--labels", test)
        self.assertEqual(set(figures["per_class"]), set(OWN_CLASSES))
        self.assertGreaterEqual(figures["macro_f1"], 0.9)
        self.assertIsNone(figures["scope_accuracy"])
        self.assertEqual(figures["how"]["training_clues"], 90)
        self.assertEqual(figures["how"]["near_duplicates_of_training"], 0)

    def test_cross_validation_judges_each_clue_once_and_repeats_itself(self):
        path = self.write("own.jsonl", own_set(90, seed=3))
        figures = self.figures("--labels", path, "--cv", "3", "--seed", "7")
        self.assertEqual(figures["clues"], 90)
        self.assertEqual([fold["clues"] for fold in figures["per_fold"]], [30, 30, 30])
        self.assertGreaterEqual(figures["macro_f1"], 0.9)
        self.assertEqual(self.figures("--labels", path, "--cv", "3", "--seed", "7"), figures)

    def test_more_clues_are_learned_from_in_every_fold_but_not_copies_of_what_is_judged(self):
        clues = own_set(9, seed=8)
        path, more = self.write("few.jsonl", clues), own_set(60, seed=9)
        copies = [{**clue, "id": clue["id"] + "-copy", "content": clue["content"] + "等", "label": "天气"}
                  for clue in clues]
        result = self.evaluate("--labels", path, "--cv", "3", "--json",
                               "--train", self.write("more.jsonl", more + copies))
        # 6 of the other folds, 60 more, and the copies of those 6.
        self.assertEqual(result.stderr.count("learns from 72 clues, judges 3"), 3, result.stderr)
        self.assertEqual(json.loads(result.stdout)["clues"], 9)
        self.assertIn("9 clues to learn from are near-duplicates of clues to judge", result.stderr)

    def test_one_text_with_two_labels_is_refused_by_id(self):
        clues = own_set(30, seed=11)
        clues.append({**clues[0], "id": "again", "label": clues[1]["label"]})
        result = self.evaluate("--train", self.write("train.jsonl", clues), "--labels",
                               self.write("test.jsonl", own_set(6, seed=12)), code=1)
        self.assertIn(f"again: the same text as {clues[0]['id']}", result.stderr)

    def test_repeated_texts_are_told_and_help_no_fold(self):
        # Labels at random: whoever is right has seen the text.
        dice = random.Random(5)
        clues = own_set(60, seed=5)
        for clue in clues:
            clue["label"] = dice.choice(["甲", "乙"])
        copies = [{**clue, "id": clue["id"] + "-copy"} for clue in clues]
        path = self.write("twice.jsonl", clues + copies)
        self.assertLess(self.figures("--labels", path, "--cv", "4")["accuracy"], 0.75)
        result = self.evaluate("--train", self.write("once.jsonl", clues),
                               "--labels", self.write("copies.jsonl", copies), "--json")
        self.assertIn("60 clues are near-duplicates", result.stderr)
        self.assertEqual(json.loads(result.stdout)["how"]["near_duplicates_of_training"], 60)

    def test_mistakes_in_files_are_told_with_their_lines(self):
        good = '{"id":"1","content":"x","label":"JUDICIAL"}\n'
        bad = self.write("bad.jsonl", [good, "{\n", good, '{"id":"2","label":"JUDICAL"}\n'])
        said = self.evaluate("--labels", bad, code=1).stderr.splitlines()
        self.assertEqual([line.split(": ")[0] for line in said],
                         [f"{bad}:2:1", f"{bad}:3:1", f"{bad}:4:1", f"{bad}:4:1"])
        self.assertIn("did you mean 'JUDICIAL'", said[3])
        self.assertIn("cannot read", self.evaluate("--labels", "/none.jsonl", code=1).stderr)

    def test_one_class_is_nothing_to_learn_from(self):
        path = self.write("one.jsonl", [{"id": str(i), "content": f"文{i}", "label": "甲"}
                                        for i in range(9)])
        for arguments in (("--labels", path, "--cv", "3"), ("--labels", path, "--train", path)):
            said = self.evaluate(*arguments, code=1).stderr
            self.assertIn(f"{path}: every clue has the label '甲'", said)

    def test_wrong_command_lines_say_why(self):
        for arguments, said in (
                ((), "--labels is required"),
                (("--labels", GOLDEN, "--cv", "1"), "--cv"),
                (("--labels", GOLDEN, "--cv", "3", "--rules-only"), "excludes"),
                (("--labels", GOLDEN, "--model", "/none.bin"), "/none.bin: cannot be read (No such file"),
                (("--labels", GOLDEN, "--rules", "/none"), "/none"),
                (("--labels", GOLDEN, "--html", "/none/x.html"), "cannot write /none/x.html")):
            with self.subTest(said):
                result = self.evaluate(*arguments, code=1)
                self.assertIn(said, result.stderr + result.stdout)


if __name__ == "__main__":
    unittest.main()
