"""The review queue and corrections by supervisionctl against the real service."""

import json
import pathlib

import harness
from harness import MONITOR, PARTNER, REVIEWER, clue

# Texts of which the shipped rules doubt at least one.
DOUBTFUL = [
    "政协委员提案反映信访件办理拖延，审计也指出资金问题，法院判决后未履行。",
    "复议机关维持了处罚决定，群众又到信访部门反映，镇里普法宣传不到位。",
    "人大代表建议督办公示公开，巡察整改后审计发现问题，舆论关注。",
    "对答复不满意，请上级核实处理，希望公开有关决策文件并说明依据。",
    "执法人员普法时态度不好，媒体报道后群众评议较差，希望有人管。",
]


class ReviewTest(harness.ServiceTest):
    def review(self, *arguments, token=REVIEWER):
        return self.service.ctl("review", *arguments, token=token)

    def queue(self, *arguments):
        result = self.review("list", "--json", *arguments)
        self.assert_exit(result, 0)
        return self.json_lines(result)

    def test_from_the_queue_to_training_data(self):
        receipts = [self.service.submit(clue(f"R-{i}", title="反映有关情况", content=text))
                    for i, text in enumerate(DOUBTFUL)]
        queue = self.queue()
        self.assertGreater(len(queue), 0, "the rules doubt none of these texts; write others")
        known = {receipt["clue_id"] for receipt in receipts}
        first = queue[0]["clue"]["id"]
        self.assertIn(first, known)

        self.assert_exit(self.review("claim", first, "--minutes", "5"), 0)
        self.assertEqual([item["clue"]["id"] for item in self.queue("--mine")], [first])
        self.assertNotIn(first, [item["clue"]["id"] for item in self.queue("--free")])
        self.assertIn("example-reviewer", self.review("list").stdout)
        self.assert_exit(self.review("release", first), 0)

        corrected = self.review("correct", first, "--scenario", "judicial", "--risk", "medium",
                                "--reason", "判决未履行", "--request-id", "correct-1", "--json")
        self.assert_exit(corrected, 0)
        receipt = json.loads(corrected.stdout)["receipt"]
        self.assertEqual(receipt["verdict"]["scenario"], "SCENARIO_JUDICIAL")
        self.assertNotIn(first, [item["clue"]["id"] for item in self.queue()])

        history = self.service.ctl("get", first, "--history", token=MONITOR)
        self.assert_exit(history, 0)
        self.assertIn("判决未履行", history.stdout)
        self.assertNotIn("判决未履行", self.service.ctl("get", first, "--history").stdout,
                         "the partner is not told why")

        exported = self.review("export")
        self.assert_exit(exported, 0)
        [line] = self.json_lines(exported)
        self.assertEqual((line["id"], line["label"], line["risk"]), (first, "JUDICIAL", "MEDIUM"))
        self.assertIn(line["content"], DOUBTFUL)
        path = pathlib.Path(self.service.directory) / "corrections.jsonl"
        path.write_text(exported.stdout, encoding="utf-8")
        evaluated = self.service.ctl("evaluate", "--config", str(harness.ROOT / "deploy/config"),
                                     "--labels", str(path), "--json")
        self.assert_exit(evaluated, 0)
        self.assertIn("accuracy", json.loads(evaluated.stdout))

        figures = json.loads(self.review("agreement", "--json").stdout)
        self.assertEqual(figures["total"]["clues"], 1)
        self.assertEqual(list(figures["by_reviewer"]), ["example-reviewer"])
        self.assertIn("example-reviewer", self.review("agreement").stdout)

    def test_mistakes_are_told(self):
        self.assert_exit(self.review("correct", "c00", "--scenario", "nonsense", "--reason", "x"), 1)
        self.assert_exit(self.review("claim", "c00"), 6)
        self.assert_exit(self.review("list", token=PARTNER), 4)


if __name__ == "__main__":
    harness.main()
