"""What the tests of compose and Kubernetes ask of a server.yaml, wherever it is mounted."""

import re
import shutil

import yaml

import harness

PORTS = {"grpc": 50051, "metrics": 9464}


def image_ports():
    text = (harness.ROOT / "deploy/container/Containerfile").read_text()
    return sorted(int(port) for port in re.search(r"^EXPOSE (.*)$", text, re.MULTILINE)[1].split())


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def size(text):
    """Of bytes, as the guide ("2.3 KB"), server.yaml ("2GiB") and Kubernetes ("2Gi") write it."""
    number, prefix, binary = re.fullmatch(r"([\d.]+) ?([KMG])(i?)B?", text).groups()
    return float(number) * (1024 if binary else 1000) ** ("KMG".index(prefix) + 1)


def default(setting):
    shipped = (harness.ROOT / "deploy/config/server.yaml").read_text()
    return re.search(rf"# {setting}: (\w+)$", shipped, re.MULTILINE)[1]


def drain_seconds(settings):
    shipped = {name: default(name) for name in ("announce", "spread", "finish")}
    return sum(seconds(value) for value in {**shipped, **settings.get("drain", {})}.values())


def secrets():
    """Made by the shipped command, once a run."""
    directory = harness.WORK / "secrets"
    if not getattr(secrets, "made", False):
        shutil.rmtree(directory, ignore_errors=True)
        harness.run(harness.ROOT / "deploy/container/prepare", directory)
        secrets.made = True
    return directory


def in_force(server_yaml):
    """Every setting as `supervisiond --print-config` shows it."""
    return asked(server_yaml, "--print-config").stdout


def check_config(server_yaml):
    return asked(server_yaml, "--check-config")


def asked(server_yaml, question):
    """The service's own answer about a server.yaml whose mounts lie in this machine's folders instead."""
    config = harness.ROOT / "deploy" / "config"
    text = (server_yaml.replace("/run/supervision/", f"{secrets()}/")
            .replace("/usr/share/supervision/regions.tsv", f"{config}/regions.tsv")
            .replace("/usr/share/supervision/model.bin", f"{config}/model/model.bin"))
    folder = harness.scratch("config")
    try:
        # Relative paths start beside it, as in /etc/supervision.
        for name in ("catalogue.yaml", "rules"):
            (folder / name).symlink_to(config / name)
        (folder / "server.yaml").write_text(text)
        return harness.run(harness.DAEMON, "--config", folder / "server.yaml", question, check=False)
    finally:
        shutil.rmtree(folder)


def has_the_rate_of_the_guide(test, server_yaml):
    told = re.search(r"has (\d+) calls a second for whom no rate was given",
                     " ".join((harness.ROOT / "deploy/README.md").read_text().split()))[1]
    test.assertRegex(in_force(server_yaml), rf"\bcalls_per_second: {told}\b")


def listens_on_the_image_s_ports(test, settings):
    for name, port in PORTS.items():
        test.assertTrue(settings["listen"][name].endswith(f":{port}"))
    test.assertEqual(image_ports(), sorted(PORTS.values()))


def load(text):
    return yaml.safe_load(text)
