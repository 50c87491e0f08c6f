"""The command lines of the operator's guide, and who runs each in a test."""

import re

import harness
import manifests

PAGE = harness.ROOT / "deploy" / "README.md"

# The beginning of a command, and the function of a test that runs that program for what it makes.
RUN_FOR_WHAT_IT_MAKES = {
    "deploy/container/build --stunnel": "images.stunnel",
    "deploy/container/build": "images.image",
}
# The beginning of a command that no test runs as it stands, why, and what is tried in its place.
NOT_RUN = {
    "kubectl apply -k deploy/kubernetes/":
        "it needs a cluster: kubernetes_test builds the overlay by two kubectl and holds it against schemas",
    "kubectl create namespace ": "it needs a cluster: guide_test makes the object as a trial",
    "kubectl -n supervision create ": "it needs a cluster: guide_test makes the object as a trial",
    **dict.fromkeys(
        ("kubectl -n supervision exec ", "kubectl -n supervision cp ", "kubectl -n supervision scale ",
         "kubectl -n supervision wait ", "kubectl -n supervision delete pod restore",
         "kubectl apply -f deploy/kubernetes/restore.yaml"),
        "it needs a cluster: kubernetes_test runs what is run in the pods, and holds the pod against schemas"),
}
# Run by guide_test, package_test and docker_test word for word: on a machine where the suite runs nothing is
# missing any more, so that installing shows no more than that the command and its packages are known.
AS_TOLD = ("deploy/install ", "deploy/certs ", "deploy/package/build ", "apt-get install ./dist/",
           "apt-get -o ", "deploy/container/prepare", "docker-compose -f ")
ON_THE_MACHINE = re.compile(r"(?:(?:\w+=\S+ )*|token=\$\()supervisionctl |systemctl |chown ")
# What stands in the text for a name of the reader's.
FOR_THE_MACHINE = {"FILE": "/etc/supervision/server.yaml", "ADDRESS": "127.0.0.1:50051"}


def blocks():
    """Each block of indented lines, as a list of commands."""
    text = re.sub(r"^```yaml$.*?^```$", "", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"(?:^    .*\S.*\n)+", text, re.MULTILINE)
    return [[line.strip() for line in re.sub(r"\\\n +", "", block).splitlines()] for block in found]


def as_told(program):
    return [command for block in blocks() for command in block if command.startswith(program)]


def is_for_kubectl(command):
    return re.match(r"kubectl (?:-n \S+ )?create [^|]*$", command) is not None


def is_for_the_machine(command):
    """What is typed on the machine of an installed package: package_test types it."""
    return ON_THE_MACHINE.match(command) is not None


def on_the_machine():
    return [block for block in blocks() if all(map(is_for_the_machine, block)) and block not in over_tls()]


def over_tls():
    """What is typed on it once the service speaks TLS."""
    return [block for block in blocks() if all("SUPERVISION_TLS_CA=" in command for command in block)]


def tls_settings():
    """The lines of server.yaml with which it does."""
    return re.search(r"^```yaml\n(listen:\n.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]


def in_the_text():
    """What sentences tell to type on that machine, with what its names stand for."""
    said = re.findall(r"`(supervision(?:ctl|d) [^`]+)`", PAGE.read_text())
    return [" ".join(FOR_THE_MACHINE.get(word, word) for word in command.split()) for command in said]


def for_containers():
    """How tokens are made where the service runs in containers: guide_test types it."""
    found = blocks()
    first = next(at for at, block in enumerate(found) if block[0].startswith("secrets="))
    return found[first] + found[first + 1]


def for_the_redis():
    """What is typed to the Redis of compose: docker_test types it, in one shell."""
    words = ("export REDISCLI_AUTH=", "docker-compose -f ", "deploy/container/prepare --redis-users")
    return [block for block in blocks() if all(command.startswith(words) for command in block)
            and not block[-1].endswith(" up")]


def in_pods():
    """What is run in pods to copy a node and to put it back, in the order of the page."""
    return [command.partition(" -- ")[2] for command in as_told("kubectl -n supervision exec ")]


def sizing(row, pattern):
    """A size of bytes that the table of sizes tells."""
    line = re.search(rf"^\| {re.escape(row)} \|.*$", PAGE.read_text(), re.MULTILINE)[0]
    return manifests.size(re.search(pattern, line)[1])
