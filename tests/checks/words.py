"""No paths of one machine, no registry hosts, no unfinished marks, no sleeps in tests, and in the client
library no wall clock but for dates."""

import re

# Put together from parts, so that this file does not find itself.
EVERYWHERE = (
    (re.compile("/" + r"(?:work|farm|home/\w+|root|tmp/(?:wt|house))" + "/"), "a machine's path"),
    (re.compile(r"registry\." + r"npmjs|deb\." + r"debian\.org|npm" + r"mirror"),
     "a registry's host"),
    (re.compile(r"\b(?:TO" + "DO|FIX" + r"ME|XX" + r"X)\b"), "an unfinished mark"),
)
IN_TESTS = (
    (re.compile(r"sleep_" + r"for|\busl" + r"eep\(|absl::Sleep" + "For"),
     "a sleep: wait for a condition with a deadline"),
    (re.compile("DISABLED" + r"_\w|GTEST_" + "SKIP"), "a test that does not run"),
)
# What a client waits for is no date: a wall clock that is set back would hold it up.
IN_THE_CLIENT = ((re.compile(r"absl::Now\(\)|Clock::System\(\)"),
                  "the wall clock, which somebody may set back: SteadyNow()"),)
WITH_DATES = ("client_call.h", "spool.cc", "spool_file.cc")
IN_CMAKE = ((re.compile(r"\bfile\s*\(\s*GLOB"), "a glob: list the sources"),)
# The one place that pauses between two looks at a condition.
POLLING = "tests/support/eventually.h"
TEXT = (".h", ".cc", ".proto", ".lua", ".py", ".js", ".mjs", ".ts", ".sh", ".cmake", ".txt", ".md",
        ".yaml", ".yml", ".json", ".ndjson", "")


def rules_for(path):
    rules = list(EVERYWHERE)
    if path.parts[0] == "tests" and str(path) != POLLING:
        rules += IN_TESTS
    if path.parts[:2] == ("clients", "cpp") and path.name not in WITH_DATES:
        rules += IN_THE_CLIENT
    if path.name == "CMakeLists.txt" or path.suffix == ".cmake":
        rules += IN_CMAKE
    return rules


def check(tree):
    problems = []
    for path in tree.files(*TEXT):
        rules = rules_for(path)
        for number, line in tree.lines(path):
            for pattern, what in rules:
                match = pattern.search(line)
                if match:
                    problems.append(f"{path}:{number}: '{match[0]}' is {what}")
    return problems


PLANTED = (
    ({"deploy/run": "cd /wo" + "rk/main\n"}, "a machine's path"),
    ({"tests/e2e/package-lock.json": '"resolved": "https://registry.' + 'npmjs.org/x"\n'},
     "a registry's host"),
    ({"services/base/a.cc": "// TO" + "DO: later\n"}, "an unfinished mark"),
    ({"tests/unit/a_test.cc": "std::this_thread::sleep_" + "for(1s);\n"}, "a sleep"),
    ({"tests/unit/a_test.cc": "TEST(A, DISABLED" + "_B) {}\n"}, "does not run"),
    ({"clients/cpp/a.cc": "until = absl::" + "Now();\n"}, "the wall clock"),
    ({"services/base/CMakeLists.txt": "file(" + "GLOB sources *.cc)\n"}, "a glob"),
)
