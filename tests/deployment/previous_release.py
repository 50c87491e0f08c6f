#!/usr/bin/python3
"""The release before this one, built from this repository's history: tests/run builds it before the
suite, and upgrade_test.py runs it beside this one. When this release is out, its last commit is named
here."""

import pathlib
import shutil
import subprocess
import sys

import harness

VERSION = "0.1.0"
COMMIT = "b6dd1d3a68ce3be04f26433256cf7b7a43ff36cb"


class NotThere(Exception):
    """The clone has no such commit; the sentence says what would bring it."""


def build():
    """A folder with its supervisiond and, as config, its deploy/config; made once and kept."""
    folder = harness.WORK / f"previous-{VERSION}"
    server, source = folder / "supervisiond", folder / "source"
    if server.exists():
        return folder
    if subprocess.run(["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=harness.ROOT,
                      stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise NotThere(f"this clone has no history of release {VERSION} (commit {COMMIT[:7]}), which is "
                       "to run beside this one; 'git fetch --unshallow' brings it")
    shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", COMMIT], cwd=harness.ROOT, capture_output=True,
                             check=True).stdout
    subprocess.run(["tar", "--extract", "--directory", source], input=archive, check=True)
    # With the flags and at the place of the tests' own build, whose compiled files it then shares
    # through ccache.
    build_folder = source / "build"
    harness.run("cmake", "-S", source, "-B", build_folder, "-G", "Ninja", "-DSUPERVISION_TESTS=OFF",
                "-DSUPERVISION_BENCH=OFF")
    harness.run("ninja", "-C", build_folder, "supervisiond", limit=3600)
    (folder / "config").symlink_to(source / "deploy" / "config")
    shutil.copy(build_folder / "services" / "server" / "supervisiond", server)
    shutil.rmtree(build_folder)
    return folder


def main():
    try:
        build()
    except NotThere as why:
        print(f"left out: {why}")


if __name__ == "__main__":
    sys.exit(main())
