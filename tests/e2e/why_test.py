"""Why a text is sorted so and not otherwise, by supervisionctl against the real service."""

import json

import harness
from harness import ENFORCEMENT, MONITOR, OTHER_PARTNER, PARTNER, clue


class WhyTest(harness.ServiceTest):
    def why(self, *arguments, **more):
        result = self.service.ctl("classify", "--why", *arguments, **more)
        self.assert_exit(result, 0)
        return result.stdout

    def test_a_text_is_explained_in_both_languages(self):
        text = "举报违建半年，城管来看过一次就没有下文。楼下还在加盖。"
        english = self.why(text)
        for part in ("A supervision clue", "Blamed: “城管”", "Told before, in vain", " rather than "):
            self.assertIn(part, english)
        chinese = self.why("--lang", "zh", text)
        for part in ("属于法治监督线索", "所指机关：“城管”", "此前反映过，未见结果", "而非"):
            self.assertIn(part, chinese)

    def test_the_deciding_sentence_is_given_in_code_points(self):
        text = "今天下雨。" + ENFORCEMENT + "天晴了。"
        answer = json.loads(self.why("--json", text))
        scope = answer["explanation"]["scope"]
        self.assertEqual(text[scope["sentence"]["begin"]:scope["sentence"]["end"]],
                         ENFORCEMENT.rstrip("。"))
        self.assertEqual(answer["explanation"]["scenario"], answer["verdict"]["scenario"])
        self.assertEqual(answer["explanation"]["rules_version"], answer["verdict"]["rules_version"])

    def test_each_problem_model_says_where_the_text_shows_it(self):
        for text in (ENFORCEMENT, "举报违建半年，城管来看过一次就没有下文。楼下还在加盖。"):
            answer = json.loads(self.why("--json", text))
            problems = answer["explanation"]["problems"]
            self.assertEqual([problem["code"] for problem in problems],
                             answer["verdict"]["problem_codes"])
            for problem in problems:
                self.assertTrue(problem["passages"], problem)
                for passage in problem["passages"]:
                    words = text[passage.get("begin", 0):passage["end"]]
                    self.assertIn(words, problem["text_en"])
                self.assertIn("It shows " + problem["code"], self.why(text))

    def test_who_does_not_ask_is_not_told(self):
        result = self.service.ctl("classify", "--json", ENFORCEMENT)
        self.assertNotIn("explanation", json.loads(result.stdout))

    def test_a_stored_clue_is_explained_to_who_may_read_it(self):
        receipt = self.service.submit(clue("W-1"))
        for token in (PARTNER, MONITOR):
            result = self.service.ctl("get", "--why", receipt["clue_id"], token=token)
            self.assert_exit(result, 0)
            self.assertIn(" rather than ", result.stdout)
        self.assert_exit(self.service.ctl("get", "--why", receipt["clue_id"], token=OTHER_PARTNER), 6)

    def test_a_secret_clue_is_explained_to_nobody_who_may_not_read_it(self):
        receipt = self.service.submit(clue("W-2", confidentiality="CONFIDENTIALITY_SECRET"))
        own = self.service.ctl("get", "--why", receipt["clue_id"], token=PARTNER)
        self.assertIn(" rather than ", own.stdout)
        other = self.service.ctl("get", "--why", receipt["clue_id"], token=MONITOR)
        self.assert_exit(other, 0)
        for part in (" rather than ", "未告知听证", "夜间"):
            self.assertNotIn(part, other.stdout)


if __name__ == "__main__":
    harness.main()
