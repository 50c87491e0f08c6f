"""supervisionctl top against the real service: on a terminal, in a pipe, once, and as JSON."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios
import unicodedata

import harness
from harness import CTL, MONITOR, OPERATOR, PARTNER, clue, eventually

ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"


def width(line):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


class Terminal:
    """supervisionctl as somebody at a terminal sees it."""

    def __init__(self, service, token, *arguments, columns=90, rows=30, **environment):
        self.main, terminal = pty.openpty()
        self.terminal = terminal
        self.resize(columns, rows)
        self.before = termios.tcgetattr(terminal)
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
            for descriptor in range(3):
                os.dup2(terminal, descriptor)
            os.execve(CTL, [str(CTL), "top", *arguments],
                      service.environment(token, **{"TERM": "xterm-256color", **environment}))
        os.set_blocking(self.main, False)
        self.output = b""
        self.code = None

    def resize(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self):
        try:
            while piece := os.read(self.main, 65536):
                self.output += piece
        except OSError:
            pass  # nothing more now
        return self.output.decode(errors="replace")

    def pages(self):
        """The whole pages so far, without colours, each a list of lines."""
        drawn = re.findall(r"\x1b\[H(.*?)\x1b\[J", self.text(), re.DOTALL)
        return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", page).replace("\r", "").split("\n")
                for page in drawn]

    def wait_for(self, text):
        eventually(lambda: any(text in line for page in self.pages()[-1:] for line in page),
                   f"{text} on the page: {self.text()!r}")

    def press(self, keys):
        os.write(self.main, keys)

    def end(self):
        """The exit code."""
        def ended():
            self.text()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            return pid
        eventually(ended, "supervisionctl ends")
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.main)
        os.close(self.terminal)


class TopTest(harness.ServiceTest):

    def terminal(self, token, *arguments, **more):
        terminal = Terminal(self.service, token, *arguments, **more)
        self.addCleanup(terminal.close)
        return terminal

    def top(self, *arguments, token=OPERATOR, **more):
        return self.service.ctl("top", *arguments, token=token, **more)

    def submit_many(self, prefix, count):
        lines = "\n".join(json.dumps(clue(f"{prefix}-{i}")) for i in range(count))
        self.assert_exit(self.service.ctl("submit", "--ndjson", "--json", stdin=lines), 0)

    def assert_given_back(self, terminal):
        # The kernel may hand on what was written a moment after its writer has ended.
        eventually(lambda: terminal.text().endswith(LEFT),
                   f"the terminal is given back: {terminal.text()[-200:]!r}")
        self.assertIn("\x1b[?25h", terminal.text())
        self.assertEqual(termios.tcgetattr(terminal.terminal), terminal.before)

    def test_a_terminal_is_drawn_in_place_and_given_back_on_ctrl_c(self):
        terminal = self.terminal(OPERATOR, "--interval", "0.2")
        terminal.wait_for("clues/s")
        eventually(lambda: len(terminal.pages()) >= 3, "it is drawn again")
        self.assertTrue(terminal.text().startswith(ENTERED))
        self.assertIn("\x1b[1m", terminal.text())
        self.assertNotEqual(termios.tcgetattr(terminal.terminal)[3] & termios.ECHO,
                            terminal.before[3] & termios.ECHO)
        terminal.press(b"\x03")
        self.assertEqual(terminal.end(), 0)
        self.assert_given_back(terminal)

    def test_every_end_gives_the_terminal_back(self):
        for end in (lambda t: t.press(b"q"), lambda t: os.kill(t.pid, signal.SIGTERM),
                    lambda t: os.kill(t.pid, signal.SIGHUP)):
            terminal = self.terminal(OPERATOR, "--interval", "60")
            terminal.wait_for("clues/s")
            end(terminal)
            self.assertEqual(terminal.end(), 0)
            self.assert_given_back(terminal)

    def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(self):
        terminal = self.terminal(OPERATOR, "--interval", "60")
        terminal.wait_for("clues/s")
        terminal.press(b"\x1a")
        eventually(lambda: os.waitpid(terminal.pid, os.WUNTRACED | os.WNOHANG)[0], "it is stopped")
        self.assert_given_back(terminal)
        os.kill(terminal.pid, signal.SIGCONT)
        eventually(lambda: terminal.text().count(ENTERED) == 2, "it goes on")
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)
        self.assert_given_back(terminal)

    def test_another_size_is_drawn_at_once_and_nothing_is_wider_or_longer(self):
        terminal = self.terminal(OPERATOR, "--interval", "60", "--lang", "zh", columns=100, rows=30)
        terminal.wait_for("线索/秒")
        self.assertGreater(len(terminal.pages()[-1]), 6)
        terminal.resize(37, 6)
        page = eventually(lambda: [page for page in terminal.pages()[-1:] if len(page) == 6],
                          "it is drawn anew")[0]
        self.assertLessEqual(max(map(width, page)), 37)
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)

    def test_no_color_is_obeyed_and_a_dumb_terminal_gets_lines(self):
        terminal = self.terminal(OPERATOR, "--interval", "0.2", NO_COLOR="1")
        terminal.wait_for("clues/s")
        self.assertNotRegex(terminal.text(), r"\x1b\[[0-9;]*m")
        dumb = self.terminal(OPERATOR, "--interval", "0.2", TERM="dumb")
        eventually(lambda: dumb.text().count("\n") >= 3, "lines come")
        self.assertNotIn("\x1b", dumb.text())

    def test_elsewhere_it_is_a_line_each_time_until_a_signal(self):
        reader = self.background([CTL, "top", "--interval", "0.2"], OPERATOR)
        lines = reader.wait_for_lines(4)
        self.assertIn("CLUES/S", lines[0])
        self.assertRegex(lines[1], r"^\d\d:\d\d:\d\d +- ")
        self.assertRegex(lines[2], r"^\d\d:\d\d:\d\d +[0-9<]")
        self.assertNotIn("\x1b", "".join(lines))
        self.assertEqual(reader.stop(signal.SIGINT), 0, reader.error_text())

    def test_rates_are_what_was_added_between_two_looks(self):
        reader = self.background([CTL, "top", "--interval", "0.5", "--json"], OPERATOR)
        reader.wait_for_lines(1)
        self.submit_many("rates", 40)
        def all_counted():
            rates = [json.loads(line)["rates"] for line in reader.lines()]
            return sum(rate["accepted"] * rate["over_seconds"] for rate in rates if rate) >= 39.9
        eventually(all_counted, "the 40 clues are in the rates")
        looks = [json.loads(line) for line in reader.lines()]
        self.assertIsNone(looks[0]["rates"])
        self.assertGreaterEqual(int(looks[-1]["status"]["figures"]["intake"]["accepted_total"]), 40)
        counted = [rates["intake_p99_seconds"] for look in looks if (rates := look["rates"])]
        self.assertTrue(any(value is not None and value > 0 for value in counted))
        self.assertEqual(reader.stop(signal.SIGTERM), 0)

    def test_streams_and_owners_of_subscriptions_are_shown_to_an_operator(self):
        self.assert_exit(self.service.ctl("subscriptions", "create", "t1", token=MONITOR), 0)
        self.background([CTL, "watch", "--subscription", "t1"], MONITOR)
        def connected():
            result = self.top("--once", "--interval", "0.1", "--json")
            self.assert_exit(result, 0)
            figures = json.loads(result.stdout)["status"]["figures"]
            return figures["streams"]["open"] != "0" and figures["subscriptions"]["owners"]
        owners = eventually(connected, "the owner is connected")
        self.assertEqual(owners[0]["connections"], "1")
        page = self.top("--once", "--interval", "0.1").stdout
        self.assertRegex(page, rf"(?m)^{re.escape(owners[0]['owner'])} +1 ")
        self.assertNotIn("\x1b", page)

    def test_a_monitor_sees_its_own_subscriptions_and_nothing_of_the_service(self):
        self.assert_exit(self.service.ctl("subscriptions", "create", "t2", token=MONITOR), 0)
        self.submit_many("behind", 3)
        result = self.top("--once", "--interval", "0.1", token=MONITOR)
        self.assert_exit(result, 0)
        self.assertRegex(result.stdout, r"(?m)^t2 +[1-9]\d* ")
        self.assertNotIn("clues/s", result.stdout)
        shown = json.loads(self.top("--once", "--interval", "0.1", "--json", token=MONITOR).stdout)
        self.assertNotIn("status", shown)
        self.assertIn("t2", [one["subscription"]["name"] for one in shown["subscriptions"]])

    def test_who_may_see_neither_is_told_so_and_nobody_waits_where_nobody_listens(self):
        self.assert_exit(self.top("--once", token=PARTNER), 4)
        self.assert_exit(self.top("--once", SUPERVISION_SERVER="127.0.0.1:1"), 3)
        self.assert_exit(self.top("--interval", "0"), 1)

    def test_a_service_that_goes_away_is_waited_for(self):
        service = harness.Service().start().ready()
        self.addCleanup(service.remove)
        terminal = Terminal(service, OPERATOR, "--interval", "0.2")
        self.addCleanup(terminal.close)
        terminal.wait_for("ready")
        service.kill()
        terminal.wait_for("no answer")
        service.start().ready()
        terminal.wait_for("clues/s")
        terminal.press(b"q")
        self.assertEqual(terminal.end(), 0)


if __name__ == "__main__":
    harness.main()
