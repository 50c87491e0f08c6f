"""buf lint: names, packages and a comment on every element of the protos."""

import pathlib

from tree import run_tool

BUF = pathlib.Path(__file__).parent / "node_modules" / ".bin" / "buf"
MODULE = "protos"


def check(tree):
    return run_tool([str(BUF), "lint"], tree.root / MODULE)


_CONFIG = "version: v2\nlint:\n  use: [STANDARD, COMMENTS]\n"
_PROTO = ('syntax = "proto3";\npackage a.v1;\n// A message.\nmessage M {\n'
          "  // A field.\n  string good_name = 1;\n  %s\n}\n")
PLANTED = (
    ({"protos/buf.yaml": _CONFIG, "protos/a/v1/a.proto": _PROTO % "int32 mute = 2;"}, "mute"),
    ({"protos/buf.yaml": _CONFIG,
      "protos/a/v1/a.proto": _PROTO % "// B.\n  string badName = 2;"}, "badName"),
)
