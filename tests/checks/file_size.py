"""One idea per file: no source file is longer than 600 lines."""

LIMIT = 600
SUFFIXES = (".h", ".cc", ".proto", ".lua", ".py", ".js", ".mjs", ".ts", ".sh", ".cmake")
# Scripts that carry no suffix.
SCRIPTS = ("deploy/run", "deploy/install", "deploy/package/build", "deploy/container/build", "tests/run",
           "tests/bench/run", "tests/deployment/run", ".ci/run")


def check(tree):
    problems = []
    for path in tree.files():
        if path.suffix in SUFFIXES or str(path) in SCRIPTS:
            length = len(tree.text(path).splitlines())
            if length > LIMIT:
                problems.append(f"{path}: {length} lines, the limit is {LIMIT}; split it by idea")
    return problems


PLANTED = (
    ({"services/base/long.cc": "int x;\n" * (LIMIT + 1)}, "long.cc: 601 lines"),
    ({"services/ledger/scripts/long.lua": "-- x\n" * 700}, "long.lua: 700 lines"),
)
