"""buf format decides how the protos look."""

from proto_lint import BUF, MODULE
from tree import run_tool


def check(tree):
    lines = run_tool([str(BUF), "format", "--diff", "--exit-code"], tree.root / MODULE)
    return lines and lines[:40] + [f"run {BUF.name} format -w in {MODULE}/"]


PLANTED = (
    ({"protos/buf.yaml": "version: v2\n",
      "protos/a/v1/a.proto": 'syntax = "proto3";\npackage a.v1;\nmessage M {string x=1;}\n'},
     "string x = 1;"),
)
