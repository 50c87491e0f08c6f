"""The manifests: built with an old kubectl and a young one, held against closed schemas, and against the
service."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import unittest

import yaml

import guide
import harness
import manifests
from tools import tool, young_kubectl

HERE = harness.ROOT / "tests" / "deployment"
KUBERNETES = harness.ROOT / "deploy" / "kubernetes"
OVERLAYS = ("embedded", "replicas")
_built = {}


def build(overlay):
    if overlay not in _built:
        text = harness.run(tool("kubectl"), "kustomize", KUBERNETES / overlay).stdout
        _built[overlay] = list(yaml.safe_load_all(text))
    return _built[overlay]


def one(overlay, kind, name=None):
    found = [entry for entry in build(overlay) if entry["kind"] == kind
             and (name is None or entry["metadata"]["name"].startswith(name))]
    assert len(found) == 1, f"{overlay} has {len(found)} {kind} {name or ''}"
    return found[0]


def without_hashes(objects):
    """By kind and name, without what kustomize appends to the names of what it generates."""
    generated = "|".join(entry["metadata"]["name"].rpartition("-")[0] for entry in objects
                         if entry["kind"] == "ConfigMap")
    plain = json.loads(re.sub(rf'"({generated})-[0-9a-z]{{10}}"', r'"\1"', json.dumps(objects)))
    return {(entry["kind"], entry["metadata"]["name"]): entry for entry in plain}


def schema_problems(objects):
    result = subprocess.run(["node", HERE / "kubernetes_schema.js"], input=json.dumps(objects),
                            text=True, capture_output=True, timeout=120, check=False)
    assert result.stderr == "", result.stderr
    return result.stdout.splitlines()


@contextlib.contextmanager
def serving(folder, data, *flags):
    """A node on this folder of data; gives what runs supervisionctl with a token."""
    socket = folder / "socket"
    with subprocess.Popen(
            [str(harness.DAEMON), f"--config={harness.ROOT}/deploy/config/server.yaml", f"--listen.grpc=unix:{socket}",
             "--listen.metrics=off", f"--redis.data_directory={data}", *flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        def ctl(token, *words):
            return harness.run(harness.CTL, *words, env={
                "PATH": "/usr/bin:/bin", "SUPERVISION_SERVER": f"unix:{socket}", "SUPERVISION_TOKEN": token})
        try:
            ctl("example-operator-token", "status", "--wait", "20")
            yield ctl
        finally:
            service.terminate()


class KubernetesTest(unittest.TestCase):
    def each(self):
        for overlay in OVERLAYS:
            with self.subTest(overlay=overlay):
                pod = one(overlay, "StatefulSet")["spec"]["template"]["spec"]
                yield overlay, pod, pod["containers"][0]

    def server_yaml(self, overlay):
        return one(overlay, "ConfigMap", "supervision-server")["data"]["server.yaml"]

    def test_a_young_kubectl_builds_the_same(self):
        for overlay, _, _ in self.each():
            built = harness.run(young_kubectl(), "kustomize", KUBERNETES / overlay)
            self.assertEqual(without_hashes(list(yaml.safe_load_all(built.stdout))),
                             without_hashes(build(overlay)))
            # It names what will not be taken one day: no more than the old one needs.
            self.assertEqual(set(re.findall(r"'(\w+)' is deprecated", built.stderr)),
                             {"bases", "patchesStrategicMerge"})

    def test_schemas_know_every_field(self):
        for overlay, _, _ in self.each():
            self.assertEqual(schema_problems(build(overlay)), [])

    def test_a_misspelt_field_is_found_at_any_depth(self):
        objects = json.loads(json.dumps(build("replicas")).replace(
            '"failureThreshold"', '"failureTreshold"').replace('"maxUnavailable"', '"maxUnavailble"'))
        problems = "\n".join(schema_problems(objects))
        self.assertIn("failureTreshold", problems)
        self.assertIn("maxUnavailble", problems)

    def test_the_service_takes_each_configuration(self):
        for overlay, _, _ in self.each():
            result = manifests.check_config(self.server_yaml(overlay))
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_principal_without_a_rate_of_its_own_has_that_of_the_guide(self):
        for overlay, _, _ in self.each():
            manifests.has_the_rate_of_the_guide(self, self.server_yaml(overlay))

    def test_a_misspelt_setting_is_found(self):
        text = self.server_yaml("embedded").replace("max_memory", "max_memroy")
        self.assertNotEqual(manifests.check_config(text).returncode, 0)

    def test_ports_are_those_of_image_and_configuration(self):
        for overlay, _, container in self.each():
            manifests.listens_on_the_image_s_ports(self, yaml.safe_load(self.server_yaml(overlay)))
            named = {port["name"]: port["containerPort"] for port in container["ports"]}
            self.assertEqual(named, manifests.PORTS)
            for service in (entry for entry in build(overlay) if entry["kind"] == "Service"):
                for port in service["spec"]["ports"]:
                    self.assertEqual(port["port"], named[port["targetPort"]])
            policy = one(overlay, "NetworkPolicy")["spec"]["ingress"]
            self.assertEqual(sorted(port["port"] for rule in policy for port in rule["ports"]),
                             sorted(named.values()))

    def test_selectors_meet_the_pods_and_no_client(self):
        for overlay, _, _ in self.each():
            labels = one(overlay, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
            selectors = [entry["spec"]["selector"] for entry in build(overlay)
                         if entry["kind"] == "Service"]
            selectors.append(one(overlay, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
            for selector in selectors:
                self.assertEqual(selector, labels)
            client = one(overlay, "NetworkPolicy")["spec"]["ingress"][0]["from"][0]
            self.assertEqual(client["podSelector"]["matchLabels"], {"supervision-client": "true"})

    def test_runs_with_the_least_rights(self):
        for _, pod, _ in self.each():
            self.assertTrue(pod["securityContext"]["runAsNonRoot"])
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertFalse(pod["automountServiceAccountToken"])
            for container in pod["containers"]:
                rights = container["securityContext"]
                self.assertFalse(rights["allowPrivilegeEscalation"])
                self.assertTrue(rights["readOnlyRootFilesystem"])
                self.assertEqual(rights["capabilities"], {"drop": ["ALL"]})
                self.assertIn("memory", container["resources"]["limits"])

    def test_what_the_configuration_names_is_mounted(self):
        for overlay, pod, container in self.each():
            settings = yaml.safe_load(self.server_yaml(overlay))
            mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
            volumes = {volume["name"] for volume in pod["volumes"]} | {
                claim["metadata"]["name"] for claim in
                one(overlay, "StatefulSet")["spec"]["volumeClaimTemplates"]}
            self.assertLessEqual({mount["name"] for mount in mounts.values()}, volumes)
            self.assertFalse(mounts[settings["redis"]["data_directory"]].get("readOnly", False))
            named = [settings["files"]["principals"], settings["listen"]["tls_certificate"],
                     settings["redis"].get("password_file")]
            for path in filter(None, named):
                self.assertIn(path.rpartition("/")[0], mounts)

    def test_the_way_to_redis_leads_through_the_stunnel_and_the_policy(self):
        stunnel = dict(re.findall(r"^(\w+) = (\S+)$", one(
            "replicas", "ConfigMap", "supervision-stunnel")["data"]["stunnel.conf"], re.MULTILINE))
        address = yaml.safe_load(self.server_yaml("replicas"))["redis"]["address"]
        self.assertEqual(address, stunnel["accept"])
        host, _, port = stunnel["connect"].rpartition(":")
        self.assertEqual(host, stunnel["checkHost"])
        allowed = {out["port"] for rule in one("replicas", "NetworkPolicy")["spec"]["egress"]
                   for out in rule["ports"]}
        self.assertEqual(allowed, {53, int(port)})
        # Who sets another in the one place is told of the other.
        self.assertIn("network-policy.yaml", (KUBERNETES / "replicas" / "stunnel.conf").read_text())
        self.assertIn(f"let out to port {port} ", " ".join(guide.PAGE.read_text().split()))
        mounts = {mount["mountPath"] for container in
                  one("replicas", "StatefulSet")["spec"]["template"]["spec"]["containers"]
                  for mount in container["volumeMounts"]}
        self.assertIn(stunnel["CAfile"].rpartition("/")[0], mounts)

    def test_probes_trust_what_prepare_makes(self):
        for _, _, container in self.each():
            environment = {entry["name"]: entry["value"] for entry in container["env"]}
            authority = environment["SUPERVISION_TLS_CA"].replace("/run/supervision", str(manifests.secrets()))
            host, _, port = environment["SUPERVISION_SERVER"].rpartition(":")
            self.assertEqual(int(port), manifests.PORTS["grpc"])
            harness.run("openssl", "verify", "-CAfile", authority, "-verify_hostname", host,
                        manifests.secrets() / "tls" / "tls.crt")

    def test_the_end_of_a_pod_waits_for_the_drain(self):
        for overlay, pod, _ in self.each():
            drain = manifests.drain_seconds(yaml.safe_load(self.server_yaml(overlay)))
            self.assertGreater(pod["terminationGracePeriodSeconds"], drain)
            for beside in pod["containers"][1:]:
                pause = int(beside["lifecycle"]["preStop"]["exec"]["command"][1])
                self.assertGreater(pause, drain)
                self.assertLess(pause, pod["terminationGracePeriodSeconds"])

    def test_replicas_are_exchanged_one_behind_the_other(self):
        budget = one("replicas", "PodDisruptionBudget")["spec"]
        self.assertEqual(budget["maxUnavailable"], 1)
        self.assertGreaterEqual(one("replicas", "StatefulSet")["spec"]["replicas"], 2)

    def test_replicas_keep_apart(self):
        replicas = one("replicas", "StatefulSet")["spec"]["template"]
        apart = replicas["spec"]["affinity"]["podAntiAffinity"]
        term = apart["preferredDuringSchedulingIgnoredDuringExecution"][0]["podAffinityTerm"]
        self.assertEqual(term["topologyKey"], "kubernetes.io/hostname")
        self.assertEqual(term["labelSelector"]["matchLabels"], replicas["metadata"]["labels"])

    def test_the_headless_service_gives_the_address_of_each_replica(self):
        for overlay, _, _ in self.each():
            headless = one(overlay, "Service", one(overlay, "StatefulSet")["spec"]["serviceName"])
            self.assertEqual(headless["spec"]["clusterIP"], "None")
            self.assertEqual({port["name"] for port in headless["spec"]["ports"]},
                             set(manifests.PORTS))
            # Which the guide tells clients to use.
            self.assertIn(f"dns:///{headless['metadata']['name']}.supervision.svc:"
                          f"{manifests.PORTS['grpc']}", guide.PAGE.read_text())

    def test_the_certificate_has_the_names_by_which_pods_call(self):
        for overlay, _, _ in self.each():
            pods = one(overlay, "StatefulSet")["spec"]["serviceName"]
            services = [entry["metadata"] for entry in build(overlay) if entry["kind"] == "Service"]
            self.assertEqual(len(services), 2)
            names = ["localhost"]
            for service in services:
                short, space = service["name"], service["namespace"]
                whole = f"{short}.{space}.svc.cluster.local"
                names += [short, f"{short}.{space}", f"{short}.{space}.svc", whole]
                names += [f"supervision-0.{whole}"] if short == pods else []
            for name in names:
                with self.subTest(name=name):
                    said = harness.run("openssl", "x509", "-noout", "-checkhost", name, "-in",
                                       manifests.secrets() / "tls" / "tls.crt").stdout
                    self.assertIn("does match certificate", said)

    def test_a_pod_restores_what_the_node_of_embedded_had(self):
        """With the commands that the guide runs in pods, on a folder of this machine."""
        pod = yaml.safe_load((KUBERNETES / "restore.yaml").read_text())
        self.assertEqual(schema_problems([pod]), [])
        node = one("embedded", "StatefulSet")
        [claim] = node["spec"]["volumeClaimTemplates"]
        [volume] = pod["spec"]["volumes"]
        self.assertEqual(volume["persistentVolumeClaim"]["claimName"],
                         f"{claim['metadata']['name']}-{node['metadata']['name']}-0")
        [container] = pod["spec"]["containers"]
        running = node["spec"]["template"]["spec"]
        self.assertEqual(container["image"], running["containers"][0]["image"])
        for right in ("runAsUser", "runAsGroup", "fsGroup"):
            self.assertEqual(pod["spec"]["securityContext"][right], running["securityContext"][right])
        data = container["volumeMounts"][0]["mountPath"]
        self.assertEqual(yaml.safe_load(self.server_yaml("embedded"))["redis"]["data_directory"], data)
        folder = harness.scratch("pod")
        self.addCleanup(shutil.rmtree, folder)
        place = folder / "data"
        backup, removal, restore, last = guide.in_pods()

        def in_pod(command):
            self.assertIn(data, command)
            words = command.replace(data, str(place)).split()
            harness.run(harness.CTL if words[0] == "supervisionctl" else words[0], *words[1:])

        with serving(folder, place) as ctl:
            kept = json.loads(ctl("example-partner-token", "submit", *harness.CLUE, "--json").stdout)["receipt"]
            in_pod(backup)
            shutil.copy(place / "ledger.rdb", folder)
            in_pod(removal)
        shutil.rmtree(place)  # the volume is lost, and a node has begun anew on another
        with serving(folder, place) as ctl:
            ctl("example-partner-token", "submit", *harness.CLUE)
        shutil.copy(folder / "ledger.rdb", place)
        in_pod(restore)
        in_pod(last)
        # As the guide says of a machine that served another ledger.
        with self.assertRaisesRegex(AssertionError, "accept_lost_ledger"), serving(folder, place):
            pass
        with serving(folder, place, "--ledger.accept_lost_ledger=true") as ctl:
            found = ctl("example-partner-token", "get", kept["clue_id"]).stdout
        self.assertIn(kept["clue_id"], found)
        with serving(folder, place):
            pass

    def test_images_are_those_of_a_registry_where_an_overlay_says_so(self):
        """The guide's own overlay, beside the shipped ones."""
        told = re.search(r"^```yaml\n(bases: .*?)^```", guide.PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
        folder = harness.scratch("overlay")
        self.addCleanup(shutil.rmtree, folder)
        shutil.copytree(KUBERNETES, folder / "kubernetes")
        mine = folder / "kubernetes" / "mine"
        mine.mkdir()
        (mine / "kustomization.yaml").write_text(told)
        for kubectl in (tool("kubectl"), young_kubectl()):
            objects = list(yaml.safe_load_all(harness.run(kubectl, "kustomize", mine).stdout))
            pod = next(entry for entry in objects if entry["kind"] == "StatefulSet")["spec"]["template"]
            self.assertEqual([container["image"] for container in pod["spec"]["containers"]],
                             ["registry.example/supervision:0.2.0",
                              "registry.example/supervision-stunnel:0.2.0"])

    def test_requests_and_limits_hold_what_the_guide_sizes(self):
        service = guide.sizing("Memory of the service", r"([\d.]+ MB) after")
        buffers = (guide.sizing("Memory of the service", r"buffers up to ([\d.]+ MiB)")
                   + manifests.size(manifests.default("max_bytes"))
                   + guide.sizing("Memory of the service", r"([\d.]+ KiB) for each of")
                   * int(manifests.default("max_streams")))
        for overlay, _, container in self.each():
            resources = container["resources"]
            redis = yaml.safe_load(self.server_yaml(overlay))["redis"]
            data = manifests.size(redis.get("max_memory", "0MiB"))  # or the Redis is elsewhere
            self.assertGreaterEqual(manifests.size(resources["requests"]["memory"]), service + data)
            # While its file is rewritten a Redis may take its memory once more.
            self.assertGreaterEqual(manifests.size(resources["limits"]["memory"]),
                                    service + buffers + 2 * data)
            clues = data / guide.sizing("Redis' memory", r"([\d.]+ KB) a clue")
            claim = one(overlay, "StatefulSet")["spec"]["volumeClaimTemplates"][0]["spec"]
            self.assertGreaterEqual(manifests.size(claim["resources"]["requests"]["storage"]),
                                    2 * clues * guide.sizing("Disk", r"([\d.]+ KB) a clue"))

    def test_probes_ask_what_the_command_line_answers(self):
        for _, _, container in self.each():
            harness.run(harness.CTL, "health", "--help")
            self.assertEqual(container["readinessProbe"]["exec"]["command"],
                             ["supervisionctl", "health"])
            for probe in ("livenessProbe", "startupProbe"):
                script = container[probe]["exec"]["command"]
                self.assertEqual(script[:2], ["sh", "-c"])
                for said, seen, status in (
                        ("SERVING", "", 0),
                        # A service that is not ready must not be restarted for it: any answer means life.
                        ("NOT_SERVING", "", 0),
                        # Nor one whose certificate has run out: it would not start with that.
                        ("", "ok   connection: somebody listens\nFAIL its certificate: has run out", 0),
                        ("", "FAIL your files: --tls-ca names no PEM file with certificates", 0),
                        ("", "FAIL connection: refused", 1),
                        ("", "ok   connection: somebody listens\nFAIL TLS: the handshake fails", 1)):
                    with self.subTest(probe=probe, said=said, seen=seen):
                        self.assertEqual(self.status_of(script, said, seen), status)

    def status_of(self, script, said, seen):
        """Of a probe, where the command line's health and doctor say this."""
        folder = harness.scratch("probe")
        self.addCleanup(shutil.rmtree, folder)
        program = folder / "supervisionctl"
        program.write_text(f"#!/bin/sh\nif [ $1 = health ]; then echo '{said}'; else echo '{seen}'; exit 3; fi\n")
        program.chmod(0o755)
        return subprocess.run(script, check=False, env={"PATH": f"{folder}:{os.environ['PATH']}"}).returncode


if __name__ == "__main__":
    unittest.main()
