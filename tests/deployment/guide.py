"""The command lines of the operator's guide, and who runs each in a test."""

import re

import harness
import manifests

PAGE = harness.ROOT / "deploy" / "README.md"

# Tried with the thing that they make, by the test that needs it; the beginning of the command, and who.
MADE_BY_TESTS = {
    "deploy/install ": "tests/run",
    "deploy/package/build ": "harness.package",
    "apt-get install ./dist/": "package_test",
    "deploy/container/build": "images.image",
    "deploy/container/prepare": "manifests.secrets",
    "docker-compose -f deploy/container/compose.yaml ": "compose_test",
    "kubectl apply -k deploy/kubernetes/": "kubernetes_test",
}
ON_THE_MACHINE = re.compile(r"(?:\w+=\S+ |token=\$\()?supervisionctl |systemctl |chown ")


def blocks():
    """Each block of indented lines, as a list of commands."""
    found = re.findall(r"(?:^    \S.*\n)+", PAGE.read_text(), re.MULTILINE)
    return [[line.strip() for line in block.splitlines()] for block in found]


def is_made_by_tests(command):
    return command.startswith(tuple(MADE_BY_TESTS))


def is_for_kubectl(command):
    return re.match(r"kubectl (?:-n \S+ )?create ", command) is not None


def is_for_the_machine(command):
    """What is typed on the machine of an installed package: package_test types it."""
    return ON_THE_MACHINE.match(command) is not None


def on_the_machine():
    return [block for block in blocks() if all(map(is_for_the_machine, block))]


def sizing(row, pattern):
    """A size of bytes that the table of sizes tells."""
    line = re.search(rf"^\| {re.escape(row)} \|.*$", PAGE.read_text(), re.MULTILINE)[0]
    return manifests.size(re.search(pattern, line)[1])
