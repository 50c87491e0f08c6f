"""Makes the Python stubs of the protos, once, and puts them where Python finds them.

A project of your own runs the same two lines in its build:

    protoc -I protos --python_out=OUT --grpc_out=OUT \
        --plugin=protoc-gen-grpc=$(command -v grpc_python_plugin) PROTOS…
    export PYTHONPATH=OUT
"""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROTOS = ROOT / "protos"


def load():
    """The folder of the stubs, newer than every proto and on Python's path."""
    out = pathlib.Path(os.environ.get("SUPERVISION_STUBS", ROOT / "build" / "python-stubs"))
    protos = sorted([*PROTOS.glob("supervision/v1/*.proto"), *PROTOS.glob("google/rpc/*.proto")])
    stamp = out / "made"
    if not stamp.exists() or stamp.stat().st_mtime < max(p.stat().st_mtime for p in protos):
        out.mkdir(parents=True, exist_ok=True)
        plugin = shutil.which("grpc_python_plugin")
        if plugin is None:
            sys.exit("grpc_python_plugin is missing: apt-get install protobuf-compiler-grpc")
        subprocess.run(["protoc", "-I", str(PROTOS), f"--python_out={out}", f"--grpc_out={out}",
                        f"--plugin=protoc-gen-grpc={plugin}", *map(str, protos)], check=True)
        stamp.touch()
    sys.path.insert(0, str(out))
    # Debian's protobuf pins the package "google" to its own folder.
    import google
    google.__path__.append(str(out / "google"))
    return out
