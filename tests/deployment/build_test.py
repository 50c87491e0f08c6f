"""What builds do on machines that are not like this one."""

import os
import shutil
import unittest

import harness

NOBODY = 65534
# An engine that keeps the names of what it is given to build from.
ENGINE = """#!/bin/sh
[ "$1" = build ] || exit 0
for context in "$@"; do :; done
cd "$context" && find . -type f >"$SEEN"
"""
PROJECT = """cmake_minimum_required(VERSION 3.20)
project(small VERSION 1.0 LANGUAGES CXX)
include({root}/deploy/cmake/SupervisionCompiler.cmake)
add_library(small STATIC small.cc)
"""


class BuildTest(unittest.TestCase):
    def setUp(self):
        self.folder = harness.scratch("build")
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)

    def test_an_image_is_built_without_the_secrets_by_who_cannot_read_them(self):
        tree = self.folder / "tree"
        for name in ("clients", "protos", "services", "deploy/container"):
            (tree / name).mkdir(parents=True)
            (tree / name / "source").touch()
        for name in ("CMakeLists.txt", ".dockerignore", "deploy/container/build",
                     "deploy/container/Containerfile"):
            shutil.copy(harness.ROOT / name, tree / name)
        secret = tree / "deploy/container/secrets/tokens/partner"
        secret.parent.mkdir(parents=True)
        secret.touch()
        secret.parent.chmod(0o700)
        engine = self.folder / "bin" / "docker"
        engine.parent.mkdir()
        engine.write_text(ENGINE)
        engine.chmod(0o755)
        seen = self.folder / "seen"
        seen.touch()
        os.chown(seen, NOBODY, NOBODY)
        harness.run("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                    tree / "deploy/container/build",
                    env={"PATH": f"{engine.parent}:/usr/bin:/bin", "SEEN": str(seen)})
        built_from = seen.read_text().split()
        self.assertIn("./deploy/container/source", built_from)
        self.assertIn("./.dockerignore", built_from)
        self.assertEqual([name for name in built_from if "secrets" in name], [])

    def test_it_compiles_for_a_user_without_a_home(self):
        (self.folder / "CMakeLists.txt").write_text(PROJECT.format(root=harness.ROOT))
        (self.folder / "small.cc").write_text("int small() { return 1; }\n")
        environment = {"PATH": "/usr/bin:/bin", "HOME": "/proc/none"}
        build = self.folder / "build"
        harness.run("cmake", "-S", self.folder, "-B", build, "-G", "Ninja", env=environment)
        harness.run("ninja", "-C", build, "small", env=environment)
        self.assertTrue((build / "libsmall.a").exists())


if __name__ == "__main__":
    unittest.main()
