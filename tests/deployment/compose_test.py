"""compose.yaml: read by docker-compose, and lived through without an engine: its Redis, both replicas, the
partner and the monitor run from the image's root file system with the files that it mounts."""

import os
import pathlib
import shutil
import unittest

import yaml

import harness
import images
import manifests

CONTAINER = harness.ROOT / "deploy" / "container"
USER = 10001
OURS = ("supervision-1", "supervision-2", "example-partner", "example-monitor")


def compose():
    return yaml.safe_load((CONTAINER / "compose.yaml").read_text())


def mounts(service):
    """(source, target) of what is mounted from files."""
    pairs = (volume.split(":")[:2] for volume in service.get("volumes", []))
    return [(source, target) for source, target in pairs if source.startswith(".")]


class ComposeTest(unittest.TestCase):
    def test_docker_compose_takes_it(self):
        harness.run("docker-compose", "--file", CONTAINER / "compose.yaml", "config", "--quiet")

    def test_what_is_mounted_exists_or_is_made_by_prepare(self):
        missing = []
        for service in compose()["services"].values():
            for source, _ in mounts(service):
                path = source.replace("./secrets", str(manifests.secrets()))
                if not (CONTAINER / path).exists():
                    missing.append(source)
        self.assertEqual(missing, [])

    def test_the_service_takes_its_configuration(self):
        result = manifests.check_config((CONTAINER / "server.yaml").read_text())
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_principal_without_a_rate_of_its_own_has_that_of_the_guide(self):
        manifests.has_the_rate_of_the_guide(self, (CONTAINER / "server.yaml").read_text())

    def test_ports_and_stop_times_fit(self):
        settings = yaml.safe_load((CONTAINER / "server.yaml").read_text())
        manifests.listens_on_the_image_s_ports(self, settings)
        for name in ("supervision-1", "supervision-2"):
            service = compose()["services"][name]
            self.assertEqual([port.rpartition(":")[2] for port in service["ports"]],
                             [str(manifests.PORTS["grpc"])])
            self.assertGreater(manifests.seconds(service["stop_grace_period"]),
                               manifests.drain_seconds(settings))

    def test_prometheus_and_grafana_find_what_they_show(self):
        services = compose()["services"]
        monitoring = harness.ROOT / "deploy" / "monitoring"
        scraped = yaml.safe_load((monitoring / "prometheus.yaml").read_text())["scrape_configs"][0]
        self.assertEqual(scraped["static_configs"][0]["targets"],
                         [f"{name}:{manifests.PORTS['metrics']}" for name in OURS[:2]])
        self.assertLessEqual(set(OURS[:2]), set(services))
        [source] = yaml.safe_load((monitoring / "grafana/datasources.yaml").read_text())["datasources"]
        port = services["prometheus"]["ports"][0].rpartition(":")[2]
        self.assertEqual(source["url"], f"http://prometheus:{port}")
        [provider] = yaml.safe_load((monitoring / "grafana/dashboards.yaml").read_text())["providers"]
        mounted = {pathlib.PurePosixPath(target): source for source, target in mounts(services["grafana"])}
        home = pathlib.PurePosixPath(
            services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
        self.assertEqual(str(home.parent), provider["options"]["path"])
        self.assertEqual(mounted[home], "../monitoring/dashboard.json")

    def test_ours_run_with_the_least_rights(self):
        for name in OURS:
            with self.subTest(service=name):
                service = compose()["services"][name]
                self.assertEqual(service["user"], f"{USER}:{USER}")
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertTrue(service["read_only"])

    def test_a_clue_to_one_replica_is_told_by_the_other(self):
        image = images.image()
        folder = harness.scratch("compose")
        self.addCleanup(shutil.rmtree, folder)
        # One loopback network for all; each name has an address of its own in it.
        addresses = {"supervision-1": "127.0.0.1", "supervision-2": "127.0.0.2", "redis": "127.0.0.3"}
        hosts = folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(
            f"{address} {name}\n" for name, address in addresses.items()))
        services = compose()["services"]
        volumes = {"/etc/hosts": hosts}
        for name in ("redis", *OURS):
            for source, target in mounts(services[name]):
                path = source.replace("./secrets", str(manifests.secrets()))
                volumes[target] = (CONTAINER / path).resolve()
        # Partner and monitor each have their token in the one place that is one here.
        del volumes["/run/supervision/token"]
        for name, owner in (("/data", 0), ("/var/lib/supervision", USER), ("/tokens", USER)):
            volumes[name] = folder / pathlib.Path(name).name
            volumes[name].mkdir()
            os.chown(volumes[name], owner, owner)
        for principal in ("partner", "monitor"):
            shutil.copy(manifests.secrets() / "tokens" / principal, folder / "tokens" / principal)
            os.chown(folder / "tokens" / principal, USER, USER)
        volumes["/programs"] = folder / "programs"
        volumes["/programs"].mkdir()
        for program in ("redis-server", "redis-check-aof"):
            (volumes["/programs"] / program).symlink_to("/usr/bin/redis-check-rdb")
        log = harness.WORK / "compose-service.log"
        log.unlink(missing_ok=True)
        with harness.Root(image.root, read_only=True, volumes=volumes) as root:
            # The image's own binary, which is whatever it is called by, stands for those of the
            # Redis image.
            root.start(*services["redis"]["command"], log=log,
                       environment={"PATH": "/programs:/usr/bin:/bin"})
            for name in ("supervision-1", "supervision-2"):
                root.start(*image.config["Entrypoint"], user=USER, log=log, environment={
                    **services[name]["environment"],
                    "SUPERVISION_LISTEN_GRPC": f"{addresses[name]}:50051",
                    "SUPERVISION_LISTEN_METRICS": f"{addresses[name]}:9464",
                    "SUPERVISION_REDIS_DATA_DIRECTORY": f"/var/lib/supervision/{name}"})

            def client(name, principal, *more, **options):
                service = services[name]
                return root.run(*service["entrypoint"], *more, user=USER, limit=60, environment={
                    **service["environment"], "SUPERVISION_TOKEN_FILE": f"/tokens/{principal}"},
                    **options)

            try:
                for name in ("supervision-1", "supervision-2"):
                    environment = {**services[name]["environment"],
                                   "SUPERVISION_SERVER": f"{name}:50051"}
                    harness.eventually(
                        lambda: root.run(*image.config["Healthcheck"]["Test"][1:], user=USER,  # pylint: disable=cell-var-from-loop
                                         environment=environment, check=False).returncode == 0,
                        f"{name} serves", 60)
                client("example-partner", "partner")
                told = client("example-monitor", "monitor", "--count", "1").stdout
            except AssertionError as error:
                raise AssertionError(f"{error}\n{log.read_text()[-4000:]}") from error
        self.assertTrue(told.strip())


if __name__ == "__main__":
    unittest.main()
