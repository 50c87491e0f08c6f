"""What the checks share: the files to look at, and a planted tree for their self-tests."""

import pathlib
import subprocess
import tempfile


class Tree:
    """The project's own files: those that git tracks or would track."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def files(self, *suffixes):
        """Paths relative to the root, sorted; all files when no suffix is given."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=self.root, check=True, capture_output=True).stdout.decode()
        paths = [pathlib.PurePosixPath(name) for name in set(listing.split("\0")) if name]
        return sorted(path for path in paths
                      if (not suffixes or path.suffix in suffixes)
                      and (self.root / path).is_file())

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def lines(self, path):
        """(number, line) pairs, the first line being 1."""
        return enumerate(self.text(path).splitlines(), start=1)


class PlantedTree(Tree):
    """A temporary tree with the given files, to see a check find what was planted."""

    def __init__(self, files):
        self._directory = tempfile.TemporaryDirectory(prefix="supervision-check-")
        super().__init__(self._directory.name)
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()


def run_tool(command, cwd):
    """Runs a tool; returns its output lines when it fails, else nothing."""
    try:
        done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError as error:
        return [f"{error.filename} is missing"]
    if done.returncode == 0:
        return []
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return lines or [f"{command[0]} ended with status {done.returncode}"]
