"""clang-format decides how our C++ looks."""

import re

from tree import run_tool


def check(tree):
    paths = [str(path) for path in tree.files(".h", ".cc")]
    if not paths:
        return []
    lines = run_tool(["clang-format-14", "--dry-run", "-Werror", *paths], tree.root)
    # One line per file tells enough; the fix is the same for all.
    failed = sorted({line.split(":")[0] for line in lines if re.match(r"[^\s:]+:\d+:\d+: ", line)})
    if lines and not failed:
        return lines
    return [f"{path}: run clang-format-14 -i {path}" for path in failed]


_STYLE = "BasedOnStyle: Google\n"
PLANTED = (
    ({".clang-format": _STYLE, "services/base/a.cc": "int  x ;\n"}, "services/base/a.cc"),
)
