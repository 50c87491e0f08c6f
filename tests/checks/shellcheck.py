"""shellcheck finds nothing in our shell scripts."""

from tree import run_tool


def is_shell(tree, path):
    if path.suffix == ".sh":
        return True
    if path.suffix:
        return False
    with open(tree.root / path, "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and b"sh" in first.rstrip().split(b"/")[-1]


def check(tree):
    scripts = [str(path) for path in tree.files() if is_shell(tree, path)]
    if not scripts:
        return []
    return run_tool(["shellcheck", "--external-sources", "--format=gcc", *scripts], tree.root)


PLANTED = (
    ({"deploy/run": "#!/usr/bin/env bash\nfor f in $(ls *.x); do rm $f; done\n"}, "SC2045"),
)
