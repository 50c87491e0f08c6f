"""The service config for plain clients repeats the calls of every service of the API."""

import json
import pathlib
import re

CONFIG = pathlib.PurePosixPath("clients/service_config.json")
PROTOS = pathlib.PurePosixPath("protos/supervision/v1")


def check(tree):
    services = {f"supervision.v1.{name}" for path in tree.files(".proto") if path.parent == PROTOS
                for name in re.findall(r"^service (\w+) {", tree.text(path), re.MULTILINE)}
    if not services:
        return [f"{PROTOS}: no service found; have they moved?"]
    repeated = {name["service"] for entry in json.loads(tree.text(CONFIG))["methodConfig"]
                if "retryPolicy" in entry for name in entry["name"]}
    return [f"{CONFIG}: {name} is not repeated, so its calls fail while a replica restarts"
            for name in sorted(services - repeated)]


def _planted(*services):
    config = {"methodConfig": [{"name": [{"service": name} for name in services], "retryPolicy": {}}]}
    return {str(CONFIG): json.dumps(config), str(PROTOS / "a.proto"): "service AService {\n}\n",
            str(PROTOS / "b.proto"): "service BService {\n}\n"}


PLANTED = (
    (_planted("supervision.v1.AService"), "supervision.v1.BService is not repeated"),
    ({str(CONFIG): "{}"}, "have they moved"),
)
ALLOWED = (_planted("supervision.v1.AService", "supervision.v1.BService"),)
