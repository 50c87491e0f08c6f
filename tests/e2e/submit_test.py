"""supervisionctl submit against the real service."""

import json

import harness
from harness import ENFORCEMENT, MONITOR, PARTNER, clue


class SubmitTest(harness.ServiceTest):
    def submit(self, content, *arguments, **more):
        return self.service.ctl("submit", "--file", "-", *arguments, stdin=json.dumps(content),
                                **more)

    def test_flags_make_a_clue_and_the_receipt_tells_how_it_was_sorted(self):
        result = self.service.ctl(
            "submit", "--record", "S-1", "--title", "夜间强制拆除", "--content", ENFORCEMENT,
            "--region", "330424", "--unit", "某县综合行政执法局", "--occurred-on", "2025-03-12",
            "--party", "individual-business", "--amount", "2000.50=罚款", "--channel", "hotline",
            "--instrument", "penalty-decision=某综执罚决字〔2025〕7号=2025-03-10", "--persons", "3")
        self.assert_exit(result, 0)
        self.assertIn("ADMIN_ENFORCEMENT", result.stdout)
        self.assertIn("FSYNCED", result.stdout)
        self.assertRegex(result.stderr, r"^request_id [0-9a-f]{32}\n$")
        stored = json.loads(self.service.ctl("get", "--record", "S-1", "--json").stdout)
        self.assertEqual(stored["content"]["amounts"][0], {"fen": "200050", "purpose": "罚款"})
        self.assertEqual(stored["content"]["occurred_on"], {"year": 2025, "month": 3, "day": 12})

    def test_the_same_request_id_gives_the_first_answer_again(self):
        first = self.service.submit(clue("S-2"), request_id="again-1")
        second = self.service.submit(clue("S-2"), request_id="again-1")
        self.assertEqual(first, second)

    def test_a_request_id_used_for_other_content_is_a_conflict_in_both_languages(self):
        self.service.submit(clue("S-3"), request_id="used-1")
        other = clue("S-3", title="另一件事")
        result = self.submit(other, "--request-id", "used-1")
        self.assert_exit(result, 5)
        self.assertIn("IDEMPOTENCY_KEY_REUSED, ALREADY_EXISTS", result.stderr)
        self.assertIn("use a new request_id", result.stderr)
        chinese = self.submit(other, "--request-id", "used-1", "--lang", "zh")
        self.assert_exit(chinese, 5)
        self.assertIn("错误：该 request_id 已用于其他内容", chinese.stderr)

    def test_a_known_record_under_a_new_request_id_tells_how_to_revise(self):
        receipt = self.service.submit(clue("S-4"))
        result = self.submit(clue("S-4"))
        self.assert_exit(result, 5)
        self.assertIn("SOURCE_RECORD_EXISTS", result.stderr)
        self.assertIn(f"supervisionctl revise {receipt['clue_id']}", result.stderr)

    def test_all_mistakes_are_told_at_once_in_the_language_that_is_asked(self):
        bad = {"title": "", "content": "", "region_code": "999999",
               "reported_unit": {"credit_code": "1"}, "amounts": [{"fen": "-1"}]}
        english = self.submit(bad)
        self.assert_exit(english, 2)
        for field in ("clue.title", "clue.content", "clue.region_code",
                      "clue.reported_unit.credit_code", "clue.amounts[0].fen"):
            self.assertIn(f"\n  {field}: ", english.stderr)
        self.assertIn("INVALID_REQUEST", english.stderr)
        self.assertNotRegex(english.stderr, "[一-鿿]")
        chinese = self.submit(bad, LC_ALL="zh_CN.UTF-8")
        self.assert_exit(chinese, 2)
        self.assertRegex(chinese.stderr, r"\n  clue\.title: [^a-z]*[一-鿿]")

    def test_a_file_that_says_it_is_history_is_submitted_as_history(self):
        spool = self.service.directory / "history.spool"
        for record, arguments in (("S-10", ()), ("S-11", ("--spool", spool))):
            result = self.submit({"request_id": record, "backfill": True, "clue": clue(record)},
                                 *arguments, token=harness.OTHER_PARTNER)
            self.assert_exit(result, 0)
        listed = self.service.ctl("list", "--limit", "100", "--json", token=harness.OTHER_PARTNER)
        self.assertEqual([line["backfill"] for line in self.json_lines(listed)], [True, True])

    def test_validate_only_stores_nothing(self):
        result = self.submit(clue("S-5"), "--validate-only")
        self.assert_exit(result, 0)
        self.assertIn("ADMIN_ENFORCEMENT", result.stdout)
        self.assert_exit(self.service.ctl("get", "--record", "S-5"), 6)

    def test_callers_without_the_right_are_refused(self):
        self.assert_exit(self.submit(clue("S-6"), token=""), 4)
        self.assert_exit(self.submit(clue("S-6"), token="no-such-token"), 4)
        result = self.submit(clue("S-6"), token=MONITOR)
        self.assert_exit(result, 4)
        self.assertIn("PERMISSION_DENIED", result.stderr)

    def test_a_file_that_holds_no_token_is_named(self):
        file = self.service.directory / "no-token"
        for text in ("", "two lines\nof something\n", "标识"):
            file.write_text(text, encoding="utf-8")
            result = self.submit(clue("S-9"), "--token-file", file, token="")
            self.assert_exit(result, 1)
            self.assertIn(str(file), result.stderr)

    def test_a_token_on_the_command_line_beats_the_environment_and_two_in_that_are_refused(self):
        other = self.service.directory / "another's-token"
        other.write_text(MONITOR)
        self.assert_exit(self.submit(clue("S-10"), "--token", PARTNER, token=MONITOR,
                                     SUPERVISION_TOKEN_FILE=str(other)), 0)
        result = self.submit(clue("S-10"), token=PARTNER, SUPERVISION_TOKEN_FILE=str(other))
        self.assert_exit(result, 1)
        self.assertIn("both SUPERVISION_TOKEN and SUPERVISION_TOKEN_FILE", result.stderr)

    def test_a_token_file_is_read(self):
        path = self.service.directory / "token"
        path.write_text(PARTNER + "\n")
        self.assert_exit(self.submit(clue("S-7"), "--token-file", path, token=""), 0)
        self.assert_exit(self.submit(clue("S-7"), "--token-file", str(path) + "-none"), 1)

    def test_a_wrong_command_line_or_file_is_the_callers(self):
        self.assert_exit(self.service.ctl("submit", "--no-such-flag"), 1)
        self.assert_exit(self.service.ctl("submit", "--amount", "much"), 1)
        self.assert_exit(self.service.ctl("submit", "--file", "/no/such/file"), 1)
        self.assert_exit(self.service.ctl("submit", "--file", "-", stdin="{no json"), 1)
        self.assert_exit(self.service.ctl(), 1)

    def test_a_service_that_is_not_there_is_named_with_the_way_to_repeat(self):
        result = self.submit(clue("S-8"), "--server", "127.0.0.1:1", "--timeout", "1",
                             "--request-id", "mine-8")
        self.assert_exit(result, 3)
        self.assertIn("cannot reach 127.0.0.1:1", result.stderr)
        self.assertIn("--request-id mine-8", result.stderr)

    def test_colours_are_only_for_terminals_or_by_request(self):
        for arguments in ((), ("--color", "never")):
            result = self.submit(clue("S-9"), "--request-id", "color-1", *arguments)
            self.assert_exit(result, 0)
            self.assertNotIn("\033", result.stdout + result.stderr)
        forced = self.submit(clue("S-9"), "--request-id", "color-1", "--color", "always")
        self.assertIn("\033[", forced.stdout)


class NdjsonTest(harness.ServiceTest):
    def test_lines_are_submitted_and_the_same_file_again_stores_nothing_twice(self):
        lines = [json.dumps(clue(f"N-{i}")) for i in range(300)]
        # Without record ids two equal lines are two clues, also on the second run.
        lines += [json.dumps(clue("")) for _ in range(2)]
        first = self.service.ctl("submit", "--ndjson", "--json", stdin="\n".join(lines))
        self.assert_exit(first, 0)
        self.assertIn("accepted: 302, refused: 0", first.stderr)
        second = self.service.ctl("submit", "--ndjson", "--json", stdin="\n".join(lines))
        self.assert_exit(second, 0)

        def ids(result):
            return {line["line"]: line["receipt"]["clue_id"] for line in self.json_lines(result)}
        self.assertEqual(ids(first), ids(second))
        self.assertEqual(len(set(ids(first).values())), 302)

    def test_a_poison_line_is_reported_and_keeps_nothing_back(self):
        lines = [json.dumps({"request_id": "nd-1", "clue": clue("NP-1")}), "{broken", "",
                 json.dumps({"request_id": "nd 2", "clue": clue("NP-2", title="")}),
                 json.dumps({"clue": {"titel": "x"}}),
                 json.dumps({"request_id": "nd-3", "clue": clue("NP-3")})]
        path = self.service.directory / "poison.ndjson"
        path.write_text("\n".join(lines) + "\n")
        result = self.service.ctl("submit", "--ndjson", path, "--json")
        self.assert_exit(result, 2)
        by_line = {line["line"]: line for line in self.json_lines(result)}
        self.assertEqual(sorted(by_line), [1, 2, 4, 5, 6])
        self.assertEqual([n for n in by_line if "receipt" in by_line[n]], [1, 6])
        violations = [v["field"] for v in by_line[4]["error"]["violations"]]
        self.assertEqual(by_line[4]["error"]["reason"], "INVALID_REQUEST")
        self.assertIn("request_id", violations)
        self.assertIn("clue.title", violations)
        self.assertIn("line 2 error:", result.stderr)
        self.assertIn("accepted: 2, refused: 3", result.stderr)

    def test_lines_about_a_text_that_is_no_json_or_no_utf8_are_json_and_utf8(self):
        path = self.service.directory / "gbk.ndjson"
        path.write_bytes(json.dumps(clue("NU-1"), ensure_ascii=False).encode("gbk") + b"\n"
                         + "{这不是有效的线索，因为没有引号，也没有冒号".encode() + b"\n")
        for arguments in ((), ("--spool", self.service.directory / "gbk.spool", "--lang", "zh")):
            # Not decoded would be no test's error, but a crash of subprocess.
            result = self.service.ctl("submit", "--ndjson", path, "--json", *arguments)
            self.assert_exit(result, 2)
            for line in result.stdout.splitlines():
                self.assertIn("error", json.loads(line))
            self.assertRegex(result.stderr, "Save the file as UTF-8|请以 UTF-8 保存")

    def test_validate_only_checks_every_line_and_stores_none(self):
        lines = [json.dumps(clue(f"NV-{i}", region="330424" if i != 7 else "12"))
                 for i in range(250)]
        result = self.service.ctl("submit", "--ndjson", "--validate-only", stdin="\n".join(lines))
        self.assert_exit(result, 2)
        self.assertIn("valid: 249, refused: 1", result.stderr)
        self.assertIn("line 8 ", result.stderr)
        self.assert_exit(self.service.ctl("get", "--record", "NV-1"), 6)

    def test_validate_only_says_who_may_not_submit_history(self):
        live, history = json.dumps(clue("NB-1")), json.dumps({"backfill": True, "clue": clue("NB-2")})
        check = ("submit", "--ndjson", "--validate-only")
        self.assert_exit(self.service.ctl(*check, "--backfill", stdin=live), 4)
        mixed = self.service.ctl(*check, "--json", stdin=live + "\n" + history)
        self.assert_exit(mixed, 4)
        lines = self.json_lines(mixed)
        self.assertIn("receipt", lines[0])
        self.assertEqual(lines[1]["error"]["reason"], "PERMISSION_DENIED")
        allowed = self.service.ctl(*check, stdin=live + "\n" + history, token=harness.OTHER_PARTNER)
        self.assert_exit(allowed, 0)
        self.assertIn("valid: 2, refused: 0", allowed.stderr)

    def test_it_ends_at_once_where_only_a_person_can_help(self):
        result = self.service.ctl("submit", "--ndjson", stdin=json.dumps(clue("NE-1")), token="")
        self.assert_exit(result, 4)
        self.assertIn("UNAUTHENTICATED", result.stderr)

    def test_a_file_that_is_not_there_or_cannot_be_read_is_said(self):
        self.assert_exit(self.service.ctl("submit", "--ndjson", "/no/such/file"), 1)
        folder = self.service.directory
        for arguments in (("submit", "--ndjson", folder),
                          ("submit", "--spool", folder / "unread.spool", "--ndjson", folder),
                          ("classify", "--ndjson", folder)):
            result = self.service.ctl(*arguments)
            self.assert_exit(result, 1)
            self.assertIn("cannot be read to its end", result.stderr)

    def test_flags_about_one_clue_are_refused_and_nothing_is_submitted(self):
        for flag in (("--confidentiality", "secret"), ("--channel", "hotline"),
                     ("--request-id", "one-1")):
            result = self.service.ctl("submit", "--ndjson", "-", *flag, stdin=json.dumps(clue("NF-1")))
            self.assert_exit(result, 1)
            self.assertIn(flag[0], result.stderr)
        self.assert_exit(self.service.ctl("get", "--record", "NF-1"), 6)

    def test_a_restart_in_the_middle_loses_nothing_and_stores_nothing_twice(self):
        lines = [json.dumps(clue(f"NR-{i}")) for i in range(3000)]
        path = self.service.directory / "many.ndjson"
        path.write_text("\n".join(lines))
        client = self.background([harness.CTL, "submit", "--ndjson", path, "--json", "--timeout",
                                  harness.PATIENCE], PARTNER)
        client.wait_for_lines(100)
        self.service.kill()
        self.service.start()
        self.assertEqual(client.process.wait(harness.PATIENCE), 0, client.error_text())
        receipts = [json.loads(line) for line in client.lines()]
        self.assertEqual(sorted(r["line"] for r in receipts), list(range(1, 3001)))
        self.assertEqual(len({r["receipt"]["clue_id"] for r in receipts}), 3000)
        listed = self.service.ctl("list", "--limit", "10000", "--json")
        records = [line for line in self.json_lines(listed)]
        ours = {r["receipt"]["clue_id"] for r in receipts}
        self.assertEqual(len([r for r in records if r["id"] in ours]), 3000)


if __name__ == "__main__":
    harness.main()
