"""The container images, each built once a run without an engine, and their root file systems."""

import functools
import json
import os
import pathlib
import shutil
import tarfile

import harness

COMMAND = harness.ROOT / "deploy" / "container" / "build"


class Image:
    def __init__(self, archive, root):
        self.archive = archive
        self.root = root
        with tarfile.open(archive) as image:
            manifest = json.load(image.extractfile("manifest.json"))[0]
            self.config = json.load(image.extractfile(manifest["Config"]))["config"]


def _build(name, *arguments):
    work = harness.WORK / "image"
    work.mkdir(parents=True, exist_ok=True)
    base = pathlib.Path(work / "base.tar")
    if not base.exists():
        os.link(harness.base(), base)
    root = harness.WORK / f"{name}-root"
    shutil.rmtree(root, ignore_errors=True)
    archive = work / f"{name}.tar.gz"
    harness.run(COMMAND, "--engine", "chroot", *arguments, "--work", work, "--output", archive,
                "--root", root)
    return Image(archive, root)


@functools.cache
def image() -> Image:
    return _build("image", "--package", harness.package())


@functools.cache
def stunnel() -> Image:
    return _build("stunnel", "--stunnel")
