"""The container image, built once a run without an engine, and its root file system."""

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


_built = []


def image() -> Image:
    if not _built:
        work = harness.WORK / "image"
        work.mkdir(parents=True, exist_ok=True)
        base = pathlib.Path(work / "base.tar")
        if not base.exists():
            os.link(harness.base(), base)
        root = harness.WORK / "image-root"
        shutil.rmtree(root, ignore_errors=True)
        archive = work / "image.tar.gz"
        harness.run(COMMAND, "--engine", "chroot", "--package", harness.package(), "--work", work,
                    "--output", archive, "--root", root)
        _built.append(Image(archive, root))
    return _built[0]
