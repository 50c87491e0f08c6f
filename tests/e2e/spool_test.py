"""supervisionctl submit --spool and spool, against the real service and without it."""

import json
import os
import signal

import harness
from harness import PARTNER, clue


class SpoolTest(harness.ServiceTest):
    def spool(self, name):
        return self.service.directory / f"{name}.spool"

    def submit(self, spool, content, *arguments, **more):
        return self.service.ctl("submit", "--spool", spool, "--file", "-", *arguments,
                                stdin=json.dumps(content), **more)

    def status(self, spool):
        return json.loads(self.service.ctl("spool", "status", spool, "--json").stdout)

    def away(self, *arguments):
        """An address where nobody listens, and little patience."""
        return (*arguments, "--server", "127.0.0.1:1", "--timeout", "0.3")

    def test_a_clue_is_handed_over_at_once_while_the_service_is_there(self):
        spool = self.spool("now")
        result = self.submit(spool, clue("SP-1"))
        self.assert_exit(result, 0)
        self.assertIn("ADMIN_ENFORCEMENT", result.stdout)
        self.assertEqual(self.status(spool)["waiting"], 0)
        self.assert_exit(self.service.ctl("get", "--record", "SP-1"), 0)

    def test_without_the_service_it_is_stored_and_flushed_later_once(self):
        spool = self.spool("later")
        result = self.submit(spool, clue("SP-2"), *self.away("--request-id", "sp-2"))
        self.assert_exit(result, 0)
        self.assertIn("1 waiting", result.stderr)
        self.assertIn(f"supervisionctl spool flush {spool}", result.stderr)
        again = self.submit(spool, clue("SP-2"), "--request-id", "sp-2", "--later")
        self.assert_exit(again, 0)
        self.assertEqual(self.status(spool)["waiting"], 1)
        self.assert_exit(self.service.ctl("spool", "flush", spool, *self.away()), 3)
        flushed = self.service.ctl("spool", "flush", spool)
        self.assert_exit(flushed, 0)
        self.assertIn("accepted: 1, refused: 0", flushed.stderr)
        self.assert_exit(self.service.ctl("get", "--record", "SP-2"), 0)

    def test_a_refused_clue_is_kept_listed_corrected_or_dropped(self):
        spool = self.spool("refused")
        result = self.submit(spool, clue("SP-3", region="12"), "--request-id", "sp-3")
        self.assert_exit(result, 2)
        self.assertIn("clue.region_code", result.stderr)
        listed = self.service.ctl("spool", "refused", spool)
        self.assert_exit(listed, 0)
        self.assertIn("sp-3", listed.stdout)
        self.assertIn("INVALID_REQUEST", listed.stdout)
        as_json = self.json_lines(self.service.ctl("spool", "refused", spool, "--json"))
        self.assertEqual(as_json[0]["clue"]["source_record_id"], "SP-3")
        # Retried as it is, it is refused again; corrected under its request_id, it is taken.
        self.assert_exit(self.service.ctl("spool", "refused", spool, "--retry", "sp-3"), 0)
        self.assert_exit(self.service.ctl("spool", "flush", spool), 2)
        self.assert_exit(self.submit(spool, clue("SP-3"), "--request-id", "sp-3"), 0)
        self.assertEqual(self.status(spool)["refused"], 0)
        self.assert_exit(self.submit(spool, clue("SP-4", region="12"), "--request-id", "sp-4"), 2)
        self.assert_exit(self.service.ctl("spool", "refused", spool, "--drop", "no-such"), 6)
        self.assert_exit(self.service.ctl("spool", "refused", spool, "--drop", "all"), 0)
        self.assertEqual(self.status(spool)["refused"], 0)

    def test_retrying_all_passes_a_damaged_clue_and_tells_of_it_at_the_end(self):
        spool = self.spool("damaged")
        for name in ("d-1", "d-2", "d-3"):
            self.assert_exit(self.submit(spool, clue(name, title=f"title-of-{name}", region="12"),
                                         "--request-id", name, "--later"), 0)
        text = spool.read_bytes()
        self.assertEqual(text.count(b"title-of-d-1"), 1)
        spool.write_bytes(text.replace(b"title-of-d-1", b"titlE-of-d-1"))
        flushed = self.service.ctl("spool", "flush", spool)
        self.assert_exit(flushed, 2)
        self.assertIn("accepted: 0, refused: 3", flushed.stderr)
        self.assertIn("d-1 error: What was stored of this clue is damaged", flushed.stderr)
        self.assertEqual((self.status(spool)["waiting"], self.status(spool)["refused"]), (0, 3))
        retried = self.service.ctl("spool", "refused", spool, "--retry", "all")
        self.assert_exit(retried, 8)
        self.assertIn("d-1\nerror: What was stored of this clue is damaged", retried.stderr)
        self.assertNotIn("d-2", retried.stderr)
        self.assertEqual((self.status(spool)["waiting"], self.status(spool)["refused"]), (2, 1))
        self.assert_exit(self.service.ctl("spool", "refused", spool, "--drop", "all"), 0)
        self.assertEqual(self.status(spool)["refused"], 0)

    def test_a_text_that_is_not_utf8_is_refused_and_not_stored(self):
        spool = self.spool("gbk")
        report = self.service.directory / "report.txt"
        report.write_bytes(harness.ENFORCEMENT.encode("gbk"))
        result = self.service.ctl("submit", "--spool", spool, "--title", "标题", "--region", "330424",
                                  "--content-file", report)
        self.assert_exit(result, 2)
        self.assertIn("not UTF-8", result.stderr)
        self.assertEqual((self.status(spool)["waiting"], self.status(spool)["refused"]), (0, 0))

    def test_without_a_token_that_can_be_read_nothing_is_stored_either(self):
        spool = self.spool("unread-token")
        self.assert_exit(self.submit(spool, clue("SP-9"), "--token-file", "/no/such/token", token=""), 1)
        self.assert_exit(self.submit(spool, clue("SP-9"), "--token-file", "/no/such/token", "--later",
                                     token=""), 0)
        self.assertEqual(self.status(spool)["waiting"], 1)

    def test_a_caller_without_the_right_keeps_its_clue(self):
        spool = self.spool("barred")
        result = self.submit(spool, clue("SP-5"), token="no-such-token")
        self.assert_exit(result, 0)
        self.assertIn("1 waiting", result.stderr)
        self.assert_exit(self.service.ctl("spool", "flush", spool, token="no-such-token"), 4)
        self.assert_exit(self.service.ctl("spool", "flush", spool), 0)

    def test_a_spool_in_use_is_named_in_both_languages(self):
        spool = self.spool("used")
        self.submit(spool, clue("SP-6"), "--later")
        holder = self.background([harness.CTL, "spool", "flush", spool, "--server", "127.0.0.1:1",
                                  "--timeout", "600"], PARTNER)
        harness.eventually(lambda: "trying again" in holder.error_text(), "it holds the spool")
        result = self.submit(spool, clue("SP-7"))
        self.assert_exit(result, 5)
        self.assertIn(f"in use by process {holder.process.pid}", result.stderr)
        chinese = self.submit(spool, clue("SP-7"), "--lang", "zh")
        self.assertIn(f"正被进程 {holder.process.pid} 使用", chinese.stderr)
        self.assertEqual(self.status(spool)["waiting"], 1)
        holder.stop(signal.SIGKILL)
        self.assert_exit(self.service.ctl("spool", "flush", spool), 0)

    def test_many_lines_are_stored_and_handed_over(self):
        spool = self.spool("many")
        lines = [json.dumps(clue(f"SN-{i}")) for i in range(250)] + ["{broken"]
        result = self.service.ctl("submit", "--spool", spool, "--ndjson", stdin="\n".join(lines))
        self.assert_exit(result, 2)
        self.assertIn("stored: 250, accepted: 250, refused: 1", result.stderr)
        self.assertIn("line 251", result.stderr)
        again = self.service.ctl("submit", "--spool", spool, "--ndjson", "--json",
                                 stdin="\n".join(lines[:250]))
        self.assert_exit(again, 0)
        self.assertEqual(len({line["receipt"]["clue_id"] for line in self.json_lines(again)}), 250)

    def test_a_poison_line_keeps_nothing_back(self):
        spool = self.spool("poison")
        lines = [json.dumps({"request_id": name, "clue": clue(record)})
                 for name, record in (("p-1", "SQ-1"), ("p-2", "SQ-2"), ("p-1", "SQ-3"), ("p-4", "SQ-4"))]
        result = self.service.ctl("submit", "--spool", spool, "--later", "--ndjson",
                                  stdin="\n".join(lines))
        self.assert_exit(result, 2)
        self.assertIn("p-1 error: Another clue waits in the spool", result.stderr)
        self.assertIn("stored: 3, accepted: 0, refused: 1", result.stderr)
        self.assertEqual(self.status(spool)["waiting"], 3)

    def test_wrong_files_are_said(self):
        other = self.service.directory / "letter.txt"
        other.write_text("a letter\n" * 1000)
        result = self.submit(other, clue("SP-8"))
        self.assert_exit(result, 1)
        self.assertIn("is not a spool", result.stderr)
        self.assertTrue(other.read_text().startswith("a letter"))
        self.assert_exit(self.service.ctl("spool", "status", self.spool("none")), 1)
        self.assert_exit(self.service.ctl("submit", "--later", "--title", "x"), 1)

    def test_the_samples_of_the_library_work(self):
        samples = harness.BUILD / "clients" / "examples" / "cpp"
        sent = self.service.run([samples / "sample_submit", "标题甲", harness.ENFORCEMENT, "330424"],
                                PARTNER)
        self.assert_exit(sent, 0)
        bad = self.service.run([samples / "sample_submit", "标题", "内容", "1"], PARTNER)
        self.assert_exit(bad, 1)
        self.assertIn("clue.region_code", bad.stderr)
        spool = self.spool("sample")
        client = self.background(["sh", "-c", f"echo 标题乙 | {samples}/sample_submit_spooled {spool}"
                                  " 330424"], PARTNER)
        self.assertEqual(client.process.wait(harness.PATIENCE), 0, client.error_text())
        self.assertEqual(len(client.lines()), 1)
        told = self.service.run([samples / "sample_monitor", "1"], harness.MONITOR)
        self.assert_exit(told, 0)
        self.assertEqual(len(told.stdout.splitlines()), 1)


if __name__ == "__main__":
    os.environ.pop("SUPERVISION_SERVER", None)
    harness.main()
