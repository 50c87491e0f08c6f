"""Many texts sorted by supervisionctl classify --ndjson, and nothing stored."""

import json

import harness
from harness import ENFORCEMENT, MONITOR, PETITION, ROOT, clue


class ClassifyTest(harness.ServiceTest):
    def classify(self, *arguments, **more):
        return self.service.ctl("classify", "--ndjson", *arguments, **more)

    def test_files_are_sorted_in_order_and_a_bad_line_keeps_no_other_back(self):
        first = self.service.directory / "first.ndjson"
        first.write_text("\n".join([
            json.dumps(clue("A-1")), "", "no json", json.dumps(clue("A-2", content=PETITION)),
            json.dumps(clue("A-3", content="")),
            json.dumps({"request_id": "r-4", "clue": clue("A-4")})]), encoding="utf-8")
        second = self.service.directory / "second.ndjson"
        second.write_text("".join(json.dumps(clue(f"B-{i}")) + "\n" for i in range(230)),
                          encoding="utf-8")
        result = self.classify(first, second, "--json")
        self.assert_exit(result, 2)
        lines = self.json_lines(result)
        self.assertEqual([(line["line"], line["id"]) for line in lines[:5]],
                         [(1, "A-1"), (3, ""), (4, "A-2"), (5, "A-3"), (6, "r-4")])
        self.assertEqual(len(lines), 5 + 230)
        self.assertEqual(lines[-1]["id"], "B-229")
        self.assertEqual(lines[0]["verdict"]["scenario"], "SCENARIO_ADMIN_ENFORCEMENT")
        self.assertIn("error", lines[1])
        self.assertEqual(lines[3]["error"]["reason"], "INVALID_REQUEST")
        self.assertIn("sorted: 233, refused: 2", result.stderr)
        self.assertIn(f"{first}:3", result.stderr)
        listed = self.service.ctl("list", "--json", token=MONITOR)
        self.assertEqual(self.json_lines(listed), [], "nothing is stored")

    def test_standard_input_gives_the_verdicts_of_the_single_call_as_a_table_or_json(self):
        text = json.dumps({"content": ENFORCEMENT}) + "\n"
        many = self.classify("--json", stdin=text)
        self.assert_exit(many, 0)
        single = self.service.ctl("classify", ENFORCEMENT, "--json")
        self.assertEqual(self.json_lines(many)[0]["verdict"], json.loads(single.stdout))
        table = self.classify(stdin=text)
        self.assert_exit(table, 0)
        self.assertIn("Administrative", table.stdout)
        self.assert_exit(self.classify(ROOT / "deploy" / "examples" / "clues.ndjson"), 0)

    def test_what_cannot_be_read_is_named(self):
        result = self.classify("/no/such/file")
        self.assert_exit(result, 1)
        self.assertIn("/no/such/file", result.stderr)
        self.assert_exit(self.classify(token="wrong", stdin=json.dumps(clue("A-1"))), 4)


if __name__ == "__main__":
    harness.main()
