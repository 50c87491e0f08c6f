"""The image and the composition with Debian's Docker: what the guide tells for containers, typed in its order.
Images that no registry of Debian's has are made here of Debian's packages, under the names in compose.yaml."""

import json
import shutil
import subprocess
import time
import unittest

import yaml

import engine
import guide
import harness
from tools import tool

DEPLOY = harness.ROOT / "deploy"
COMPOSE = ("docker-compose", "-f", "deploy/container/compose.yaml")
# The user, folders and start are like those of the image that each stands for.
STAND_INS = {
    "redis": """FROM supervision:0.2.0
        USER root
        RUN install -d -o redis /data && ln -sf redis-check-rdb /usr/bin/redis-server
        VOLUME /data
        HEALTHCHECK NONE
        ENTRYPOINT []
        """,
    "prometheus": """FROM debian:bookworm-slim
        COPY prometheus /bin/prometheus
        RUN install -d -o nobody /prometheus
        USER nobody
        ENTRYPOINT ["/bin/prometheus"]
        """,
    "grafana": """FROM debian:bookworm-slim
        ENTRYPOINT ["sleep", "infinity"]
        """,
}


def services():
    return yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())["services"]


class DockerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = harness.scratch("compose-engine")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        package = harness.package()
        try:
            with engine.Docker(cls.folder / "data", online=True) as docker:
                docker.run("docker", "import", harness.base(), "debian:bookworm-slim")
                cls.built = docker.run(DEPLOY / "container" / "build", "--package", package, "--",
                                       "--network", "host").stderr
                cls.config = json.loads(docker.run("docker", "inspect", "supervision:0.2.0").stdout)[0]["Config"]
                for name, lines in STAND_INS.items():
                    cls.make_stand_in(docker, name, lines)
        except engine.NotHere as why:
            raise unittest.SkipTest(f"Docker does not start here: {why}") from why

    @classmethod
    def make_stand_in(cls, docker, name, lines):
        context = cls.folder / name
        context.mkdir()
        (context / "Dockerfile").write_text("".join(line.strip() + "\n" for line in lines.splitlines()))
        if name == "prometheus":
            shutil.copy(tool("prometheus"), context)
        docker.run("docker", "build", "--network", "host", "--tag", services()[name]["image"], context)

    def test_the_engine_that_answers_builds_the_image(self):
        self.assertIn("built supervision:0.2.0 with docker", self.built)
        self.assertEqual(self.config["User"], "10001:10001")
        self.assertEqual(self.config["Healthcheck"]["Test"], ["CMD", "supervisionctl", "health"])

    def test_the_composition_lives_as_told(self):
        shutil.copytree(DEPLOY, self.folder / "deploy", ignore=shutil.ignore_patterns("secrets", "config"))
        told = [command for command in guide.as_told("docker-compose ") if command.endswith(" up")]
        self.assertEqual(len(told), 1)
        harness.run("bash", "-c", "deploy/container/prepare", cwd=self.folder)
        with engine.Docker(self.folder / "data") as docker:
            with open(self.folder / "log", "wb") as log:
                up = subprocess.Popen(told[0].split(), cwd=self.folder, env=docker.environment,
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                self.lives(docker)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{(self.folder / 'log').read_text()[-6000:]}") from error
            finally:
                docker.run(*COMPOSE, "down", "--volumes", "--timeout", "60", cwd=self.folder, check=False)
                up.wait(120)

    def lives(self, docker):
        def state(service):
            found = docker.run(*COMPOSE, "ps", "--quiet", service, cwd=self.folder, check=False).stdout.split()
            return json.loads(docker.run("docker", "inspect", found[0]).stdout)[0]["State"] if found else {}

        for replica in ("supervision-1", "supervision-2"):
            harness.eventually(lambda: state(replica).get("Health", {}).get("Status") == "healthy",  # pylint: disable=cell-var-from-loop
                               f"{replica} is healthy")
        harness.eventually(lambda: state("example-partner").get("Status") == "exited"
                           and state("example-partner")["ExitCode"] == 0, "the partner has submitted")
        examples = (DEPLOY / "examples" / "clues.ndjson").read_text().splitlines()
        harness.eventually(lambda: len(docker.run(*COMPOSE, "logs", "--no-color", "example-monitor",
                                                  cwd=self.folder).stdout.splitlines()) > len(examples) / 2,
                           "the monitor at the other replica is told")
        # From outside, by the ports that are published.
        secrets = self.folder / "deploy" / "container" / "secrets"
        for port in (50051, 50052):
            docker.beside(harness.CTL, "status", "--wait", "60", environment={
                "SUPERVISION_SERVER": f"localhost:{port}", "SUPERVISION_TLS_CA": str(secrets / "tls/ca.crt"),
                "SUPERVISION_TOKEN_FILE": str(secrets / "tokens/operator")})
        harness.eventually(lambda: self.scraped(docker) == ["1", "1"], "Prometheus scrapes both")
        self.its_redis_is_set_copied_and_put_back(docker, lambda: state("supervision-1"))
        began = time.monotonic()
        docker.run(*COMPOSE, "stop", "supervision-1", cwd=self.folder)
        self.assertEqual(state("supervision-1")["ExitCode"], 0)
        print(f"     a replica drained and ended in {time.monotonic() - began:.0f} s", flush=True)

    def its_redis_is_set_copied_and_put_back(self, docker, state):
        told = guide.for_the_redis()
        self.assertEqual(len(told), 4)
        script = "\n".join(["set -euo pipefail", *sum(told, [])])
        said = docker.run("bash", "-c", script, cwd=self.folder).stdout
        self.assertIn("maxmemory", said)
        self.assertRegex(said, r"(?m)^OK$")  # of ACL LOAD
        self.assertGreater((self.folder / "ledger.rdb").stat().st_size, 1000)
        harness.eventually(lambda: state().get("Health", {}).get("Status") == "healthy",
                           "the replicas serve what was put back")

    @staticmethod
    def scraped(docker):
        url = "http://127.0.0.1:9090/api/v1/query?query=up"
        script = f"import urllib.request; print(urllib.request.urlopen('{url}', timeout=20).read().decode())"
        answer = docker.beside("/usr/bin/python3", "-c", script, check=False)
        if answer.returncode != 0:
            return []
        return [entry["value"][1] for entry in json.loads(answer.stdout)["data"]["result"]]


if __name__ == "__main__":
    unittest.main()
