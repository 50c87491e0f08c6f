"""supervisionctl watch against the real service: told once, over breaks and restarts."""

import itertools
import json
import os
import pty
import select
import signal
import subprocess

import harness
from harness import CTL, ENFORCEMENT, MONITOR, PARTNER, PETITION, clue, eventually


class WatchTest(harness.ServiceTest):
    """Each test begins behind what the others have submitted."""

    def watch(self, *arguments, **more):
        return self.service.ctl("watch", *arguments, token=MONITOR, **more)

    def here(self):
        """The cursor behind everything until now."""
        path = self.service.directory / f"here-{self.id()}"
        # The first message has it, and nothing else comes.
        self.assert_exit(self.watch("--cursor-file", path, "--from", "latest", "--until-idle", "0.1"), 0)
        return json.loads(path.read_text())["cursor"]

    def submit_many(self, prefix, count, **more):
        lines = "\n".join(json.dumps(clue(f"{prefix}-{i}", title=f"{prefix} {i}", **more))
                          for i in range(count))
        result = self.service.ctl("submit", "--ndjson", "--json", stdin=lines)
        self.assert_exit(result, 0)
        return [line["receipt"] for line in self.json_lines(result)]

    def titles(self, lines):
        return [json.loads(line)["alert"]["title"] for line in lines]

    def test_what_was_submitted_is_told_from_the_earliest_place(self):
        receipts = self.submit_many("W1", 20)
        ours = {receipt["alert_id"] for receipt in receipts}
        def ids(lines):
            return [line["alert"]["id"] for line in lines]
        told = ids(self.watch_until(lambda lines: ours <= set(ids(lines)), "--from", "earliest"))
        self.assertEqual(len(told), len(set(told)))

    def test_high_first_tells_each_alert_once_over_two_runs(self):
        here = self.here()
        high = "多人集体上访，扬言自焚，" + ENFORCEMENT
        # The last is none that comes first: behind it nothing is told again.
        lines = [json.dumps(clue(f"WH-{i}", title=f"WH {i}", content=high if i % 10 == 9 else PETITION))
                 for i in range(201)]
        self.assert_exit(self.service.ctl("submit", "--ndjson", stdin="\n".join(lines)), 0)
        path = self.service.directory / "place-high"
        told = []
        for count in (50, 151):
            result = self.watch("--cursor-file", path, "--from", here, "--json", "--high-first",
                                "--count", count)
            self.assert_exit(result, 0)
            told += [json.loads(line)["alert"] for line in result.stdout.splitlines()]
        titles = [alert["title"] for alert in told]
        self.assertEqual(sorted(titles), sorted(f"WH {i}" for i in range(201)))
        self.assertTrue(any(alert["risk"] == "RISK_HIGH" for alert in told))
        without_file = self.watch("--from", here, "--json", "--high-first", "--count", 201)
        self.assert_exit(without_file, 0)
        self.assertEqual(sorted(self.titles(without_file.stdout.splitlines())), sorted(titles))

    def test_each_cursor_goes_on_behind_its_line(self):
        here = self.here()
        self.submit_many("W2", 5)
        lines = self.watch("--from", here, "--json", "--count", "5").stdout.splitlines()
        last = json.loads(lines[-1])["cursor"]
        self.submit_many("W2b", 2)
        rest = self.watch("--from", last, "--json", "--count", "2").stdout.splitlines()
        self.assertEqual(sorted(self.titles(rest)), ["W2b 0", "W2b 1"])

    def test_a_cursor_file_goes_on_exactly_also_from_within_a_message(self):
        here = self.here()
        self.submit_many("W3", 7)
        path = self.service.directory / "place"
        told = []
        for count in (1, 1, 3, 2):
            result = self.watch("--cursor-file", path, "--from", here, "--json", "--count", count)
            self.assert_exit(result, 0)
            told += self.titles(result.stdout.splitlines())
        self.assertEqual(sorted(told), [f"W3 {i}" for i in range(7)])

    def test_a_cursor_file_holds_nothing_of_a_snapshot_that_is_complete(self):
        self.submit_many("W3s", 1)
        path = self.service.directory / "place-snapshot"
        watcher = self.background([CTL, "watch", "--from", "snapshot", "--cursor-file", path], MONITOR)
        eventually(lambda: "is new" in watcher.error_text(), "the snapshot is complete")
        watcher.stop()
        self.assertIn("W3s 0", watcher.text())
        place = json.loads(path.read_text())
        self.assertEqual(place["told"], [])
        self.assertTrue(place["cursor"])

    def test_filters_choose_what_is_told(self):
        here = self.here()
        unit = {"name": "另一个单位"}
        self.submit_many("W4p", 1, content=PETITION, region="330483")
        self.submit_many("W4", 2)
        self.submit_many("W4q", 1, content=PETITION, region="330483")
        self.submit_many("W4u", 1, reported_unit=unit)

        def told(count, *arguments):
            result = self.watch("--from", here, "--json", "--count", count, *arguments)
            self.assert_exit(result, 0)
            return sorted(self.titles(result.stdout.splitlines()))
        # Each has, behind what it leaves out, one more that it tells.
        self.assertEqual(told(2, "--scenario", "petition-dispute"), ["W4p 0", "W4q 0"])
        self.assertEqual(told(3, "--region", "330424"), ["W4 0", "W4 1", "W4u 0"])
        self.assertEqual(told(3, "--filter", 'region : "330424" AND NOT scenario = PETITION_DISPUTE'),
                         ["W4 0", "W4 1", "W4u 0"])
        self.assertEqual(told(1, "--unit", unit["name"]), ["W4u 0"])
        self.assert_exit(self.watch("--scenario", "no-such"), 1)
        self.assert_exit(self.watch("--min-risk", "tiny"), 1)
        mistaken = self.watch("--filter", "risk >= TINY")
        self.assertIn("column 9", mistaken.stderr)
        self.assertIn("LOW, MEDIUM or HIGH", mistaken.stderr)

    def test_a_person_reads_scenario_risk_unit_title_and_why(self):
        here = self.here()
        self.submit_many("W5", 1)
        chinese = self.watch("--from", here, "--count", "1", "--lang", "zh").stdout
        for part in ("行政执法监督", "某县综合行政执法局", "W5 0", "←"):
            self.assertIn(part, chinese)
        self.assertRegex(chinese, r"^\d\d:\d\d:\d\d  ")
        self.assertRegex(chinese, "黄 LOW|橙 MEDIUM|红 HIGH")
        english = self.watch("--from", here, "--count", "1", "--color", "always").stdout
        self.assertRegex(english, "yellow LOW|orange MEDIUM|red HIGH")
        self.assertRegex(english, r"\033\[(33|38;5;208|1;31)m")

    def watch_on_a_terminal(self, *arguments):
        """What somebody at a terminal has read when it ends by itself."""
        main, terminal = pty.openpty()
        reader = subprocess.Popen([CTL, "watch", *arguments], stdin=subprocess.DEVNULL,
                                  stdout=terminal, stderr=subprocess.DEVNULL,
                                  env=self.service.environment(MONITOR, TERM="xterm-256color"))
        os.close(terminal)
        self.addCleanup(os.close, main)
        self.addCleanup(reader.kill)
        output = b""
        try:
            while select.select([main], [], [], 60)[0]:
                output += os.read(main, 65536)
        except OSError:
            pass  # it has ended, and all is read
        self.assertEqual(reader.wait(60), 0, output)
        return output.decode().replace("\r", "").splitlines()

    def test_on_a_terminal_what_is_about_one_unit_stands_together(self):
        here = self.here()
        units = ["甲县综合行政执法局", "甲县综合行政执法局", "乙县综合行政执法局"]
        for number, unit in enumerate(units):
            self.submit_many(f"W13-{number}", 1, reported_unit={"name": unit})
        first, second, third = self.watch_on_a_terminal("--from", here, "--count", "3",
                                                        "--color", "never")
        self.assertIn(units[0], first)
        self.assertIn("└", second)
        self.assertNotIn(units[1], second)
        self.assertIn(units[2], third)
        self.assertNotIn("└", first + third)
        for line in self.watch_on_a_terminal("--from", here, "--count", "3", "--json"):
            json.loads(line)
        self.assertNotIn("└", self.watch("--from", here, "--count", "3").stdout)

    def test_exec_gets_each_alert_on_its_input(self):
        here = self.here()
        self.submit_many("W6", 3)
        path = self.service.directory / "heard"
        result = self.watch("--from", here, "--count", "3", "--exec", f"cat >> {path}")
        self.assert_exit(result, 0)
        self.assertEqual(sorted(self.titles(path.read_text().splitlines())), ["W6 0", "W6 1", "W6 2"])

    def test_an_alert_whose_command_failed_is_told_again(self):
        here = self.here()
        self.submit_many("W7", 2)
        place, heard = self.service.directory / "place7", self.service.directory / "heard7"
        arguments = ("--cursor-file", place, "--from", here)
        failed = self.watch(*arguments, "--count", "2", "--exec", "grep -q 'W7 0'")
        self.assert_exit(failed, 9)
        again = self.watch(*arguments, "--count", "1", "--exec", f"cat >> {heard}")
        self.assert_exit(again, 0)
        self.assertEqual(self.titles(heard.read_text().splitlines()), ["W7 1"])
        self.assert_exit(self.watch("--from", here, "--count", "2", "--exec", "false",
                                    "--keep-going"), 0)

    def test_signals_end_it_in_order(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            client = self.background([CTL, "watch", "--from", "earliest", "--json"], MONITOR)
            self.submit_many(f"W8-{how}", 1)
            client.wait_for_lines(1)
            self.assertEqual(client.stop(how), 0, client.error_text())

    def test_a_reader_that_goes_away_ends_it(self):
        self.submit_many("W9", 3)
        client = subprocess.Popen([CTL, "watch", "--from", "earliest", "--json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  env=self.service.environment(MONITOR))
        self.addCleanup(client.kill)
        client.stdout.readline()
        client.stdout.close()

        more = itertools.count()

        def ended():
            self.submit_many(f"W9-{next(more)}", 1)
            return client.poll() is not None
        eventually(ended, "it notices that nobody reads")

    def test_a_cursor_that_is_none_is_refused_with_its_reason(self):
        result = self.watch("--from", "no-cursor")
        self.assert_exit(result, 2)
        self.assertIn("CURSOR_MALFORMED", result.stderr)
        self.assertIn("EARLIEST", result.stderr)

    def test_what_chooses_alerts_is_the_subscriptions_own(self):
        for flags in (["--scenario", "petition-dispute"], ["--min-risk", "high"], ["--region", "33"],
                      ["--unit", "x"], ["--filter", "risk >= HIGH"], ["--state", "open"],
                      ["--owner", "x"], ["--silenced"], ["--high-first"]):
            result = self.watch("--subscription", "any", *flags)
            self.assert_exit(result, 1)
            self.assertIn("subscriptions update", result.stderr)
            self.assertIn(flags[0], result.stderr)
        chinese = self.watch("--subscription", "any", "--silenced", "--high-first", "--lang", "zh")
        self.assertIn("筛选条件属于订阅本身", chinese.stderr)
        self.assertIn("--silenced --high-first", chinese.stderr)

    def test_partners_may_not_watch(self):
        self.assert_exit(self.service.ctl("watch", token=PARTNER), 4)

    def test_a_damaged_cursor_file_is_refused(self):
        path = self.service.directory / "damaged"
        path.write_text("{")
        self.assert_exit(self.watch("--cursor-file", path), 1)
        self.assertIn("不是断点文件", self.watch("--cursor-file", path, "--lang", "zh").stderr)

    def test_a_cursor_file_that_cannot_be_read_is_said_and_left_alone(self):
        path = self.service.directory / "unreadable"
        path.symlink_to(path)  # cannot be opened, by root neither
        result = self.watch("--cursor-file", path, "--until-idle", "0.1")
        self.assert_exit(result, 1)
        self.assertIn(f"{path} cannot be read", result.stderr)
        self.assertTrue(path.is_symlink())


class LiveRestartTest(harness.ServiceTest):
    def test_a_live_watch_goes_on_over_kills_and_orderly_ends(self):
        client = self.background([CTL, "watch", "--from", "earliest", "--json"], MONITOR)
        expected = []
        for round_, end in enumerate((self.service.kill, self.service.terminate, None)):
            for i in range(3):
                receipt = self.service.submit(clue(f"R-{round_}-{i}"))
                expected.append(receipt["alert_id"])
            client.wait_for_lines(len(expected))
            if end is not None:
                end()
                self.service.start().ready()
        self.assertEqual(client.stop(), 0)
        told = [json.loads(line)["alert"]["id"] for line in client.lines()]
        self.assertEqual(told, expected)
        self.assertIn("trying again in", client.error_text())


class KeptRestartTest(harness.ServiceTest):
    def test_a_kept_place_survives_while_nobody_watches(self):
        path = self.service.directory / "place"
        watch = ("watch", "--cursor-file", path, "--from", "earliest", "--json", "--count", "1")
        earlier = self.service.submit(clue("K-1"))
        first = self.service.ctl(*watch, token=MONITOR)
        self.assertEqual([line["alert"]["id"] for line in self.json_lines(first)],
                         [earlier["alert_id"]])
        self.service.kill()
        self.service.start().ready()
        receipt = self.service.submit(clue("K-2", content=ENFORCEMENT))
        second = self.service.ctl(*watch, token=MONITOR)
        self.assertEqual([line["alert"]["id"] for line in self.json_lines(second)],
                         [receipt["alert_id"]])


if __name__ == "__main__":
    harness.main()
