"""The operator's guide and the runbook: what they tell a person to type, set or read exists."""

import importlib
import itertools
import pathlib
import re
import shutil
import unittest

import yaml

import guide
import harness
from tools import tool

DEPLOY = harness.ROOT / "deploy"
PAGES = (DEPLOY / "README.md", DEPLOY / "monitoring" / "RUNBOOK.md")


def commands(program):
    """Every command line with this program, from indented lines and from code in the text."""
    found = []
    for page in PAGES:
        text = page.read_text()
        lines = re.findall(r"^    (.+)$", text, re.MULTILINE) + re.findall(r"`([^`]+)`", text)
        for line in lines:
            words = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", line.strip()).split()
            if words and words[0] == program:
                found.append(words)
    return found


def settings():
    shipped = (DEPLOY / "config" / "server.yaml").read_text()
    known, section = set(), None
    for line in shipped.splitlines():
        head = re.match(r"(\w+):$", line)
        section = head[1] if head else section
        name = re.match(r"  # (\w+): \S", line)
        if name and section:
            known.add(f"{section}.{name[1]}")
    return known


class GuideTest(unittest.TestCase):
    def test_every_command_is_run_by_a_test(self):
        on_the_machine = [command for block in guide.on_the_machine() for command in block]
        self.assertGreater(len(on_the_machine), 10)
        run = (*guide.RUN_FOR_WHAT_IT_MAKES, *guide.AS_TOLD)
        typed = on_the_machine + guide.for_containers() + sum(guide.over_tls() + guide.for_the_redis(), [])
        for command in (command for block in guide.blocks() for command in block):
            with self.subTest(command=command):
                self.assertTrue(command in typed or command.startswith((*run, *guide.NOT_RUN)))

    def test_what_is_said_of_commands_is_so(self):
        for beginning in (*guide.RUN_FOR_WHAT_IT_MAKES, *guide.AS_TOLD, *guide.NOT_RUN):
            self.assertTrue(guide.as_told(beginning), f"the guide no longer tells '{beginning}'")
        for name in guide.RUN_FOR_WHAT_IT_MAKES.values():
            module, function = name.split(".")
            self.assertTrue(callable(getattr(importlib.import_module(module), function)))

    def test_what_is_to_be_installed_is_known(self):
        for command in guide.as_told("deploy/install "):
            words = command.split()
            harness.run(harness.ROOT / words[0], *words[1:])

    def test_tokens_for_containers_are_made_as_told(self):
        folder = harness.scratch("tokens")
        self.addCleanup(shutil.rmtree, folder)
        shutil.copytree(DEPLOY, folder / "deploy", ignore=shutil.ignore_patterns("secrets", "config"))
        self.assertIn("deploy/container/prepare", guide.as_told("deploy/container/prepare"))
        harness.run("bash", "-c", "deploy/container/prepare", cwd=folder)
        (folder / "bin").mkdir()
        (folder / "bin" / "supervisionctl").symlink_to(harness.CTL)
        # There is no cluster: what it would be given is kept.
        stand_in = folder / "bin" / "kubectl"
        stand_in.write_text('#!/bin/sh\n[ "$*" != "apply -f -" ] || exec cat >applied.yaml\n'
                            f'exec {tool("kubectl")} "$@"\n')
        stand_in.chmod(0o755)
        script = "\n".join(["set -euo pipefail", *guide.for_containers()])
        said = harness.run("bash", "-c", script, cwd=folder, env={
            "PATH": f"{folder}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}).stdout
        self.assertRegex(said, r"revoked [0-9a-f]{16}\n")
        tokens = folder / "deploy/container/secrets/principals/tokens.yaml"
        self.assertEqual((tokens.stat().st_uid, tokens.stat().st_gid), (10001, 10001))
        applied = yaml.safe_load((folder / "applied.yaml").read_text())
        self.assertEqual(applied["metadata"], {**applied["metadata"], "namespace": "supervision",
                                               "name": "supervision-principals"})
        self.assertEqual(set(applied["data"]), {"principals.yaml", "tokens.yaml"})

    def test_what_kubectl_creates_can_be_created(self):
        folder = harness.scratch("kubectl")
        self.addCleanup(shutil.rmtree, folder)
        (folder / "deploy").symlink_to(DEPLOY)
        (folder / "ca.crt").symlink_to("secrets/tls/ca.crt")
        created = []
        for command in (command for block in guide.blocks() for command in block):
            if command == "deploy/container/prepare secrets":
                harness.run("bash", "-c", command, cwd=folder)
            elif guide.is_for_kubectl(command):
                words = command.split()[1:]
                created.append(harness.run(tool("kubectl"), *words, "--dry-run=client", "-o", "name",
                                           cwd=folder).stdout.strip())
        self.assertEqual(created, ["namespace/supervision", "secret/supervision-tls",
                                   "secret/supervision-principals", "secret/supervision-redis",
                                   "configmap/supervision-redis-ca"])

    def test_the_certificates_are_made_as_told(self):
        folder = harness.scratch("certs")
        self.addCleanup(shutil.rmtree, folder)
        told = guide.as_told("deploy/certs ")
        self.assertEqual(len(told), 1)
        words = told[0].replace("/etc/supervision", str(folder)).replace(
            "--group supervision", "--group 10001").split()  # the package's test has its own user
        harness.run(harness.ROOT / words[0], *words[1:])
        made = {path.name for path in (folder / "tls").iterdir()}
        # What the YAML below the command names.
        named = set(re.findall(r"^  tls_\w+: tls/(\S+)$", guide.tls_settings(), re.MULTILINE))
        self.assertEqual(len(named), 3)
        self.assertLessEqual(named, made)

    def test_every_supervisionctl_command_and_flag_exists(self):
        found = commands("supervisionctl")
        self.assertGreater(len(found), 5)
        for words in found:
            with self.subTest(command=" ".join(words)):
                names = []
                for word in words[1:]:
                    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
                        break
                    names.append(word)
                shown = harness.run(harness.CTL, *names, "--help").stdout
                for flag in (word for word in words if word.startswith("--")):
                    self.assertRegex(shown, rf"{flag.split('=')[0]}\b")

    def test_every_script_takes_the_flags_that_are_told(self):
        scripts = {page_command[0] for page in PAGES
                   for page_command in (line.split() for line in
                                        re.findall(r"^    (deploy/\S.*)$", page.read_text(),
                                                   re.MULTILINE))}
        self.assertIn("deploy/container/build", scripts)
        for script in scripts:
            shown = harness.run(harness.ROOT / script, "--help").stdout
            for words in commands(script):
                own = itertools.takewhile(lambda word: word != "--", words)
                for flag in (word for word in own if word.startswith("--")):
                    with self.subTest(command=" ".join(words)):
                        self.assertIn(flag, shown)

    def test_every_setting_that_is_named_exists(self):
        sections = {name.partition(".")[0] for name in settings()}
        named = {name for page in PAGES for name in re.findall(r"`(\w+\.\w+)`", page.read_text())
                 if name.partition(".")[0] in sections and not name.endswith((".yaml", ".conf"))}
        self.assertGreater(len(named), 5)
        sources = "".join(path.read_text() for path in (harness.ROOT / "services").rglob("*.*")
                          if path.suffix in (".h", ".cc"))
        others = {name for name in named if f'"{name}"' in sources}  # events of the log, files
        self.assertEqual(named - settings() - others, set())

    def test_every_file_and_measurement_that_is_named_exists(self):
        text = "".join(page.read_text() for page in PAGES)
        named = set(re.findall(r"`((?:deploy|tests|services|clients)/[\w/.-]+)", text))
        self.assertGreater(len(named), 5)
        made = {"deploy/container/secrets", "deploy/kubernetes/mine/kustomization.yaml"}
        missing = {name for name in named - made
                   if not list(harness.ROOT.glob(name)) + list(harness.ROOT.glob(f"{name}.cc"))}
        self.assertEqual(missing, set())
        parts = re.search(r"PART is one of: ([^.]*)\.", (harness.ROOT / "tests/bench/run").read_text())[1]
        measured = set(re.findall(r"--only=(\w+)", text))
        self.assertGreater(len(measured), 3)
        self.assertLessEqual(measured, set(re.split(r"[,\s]+", parts)))

    def test_every_link_leads_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists())

    def test_what_kubectl_is_to_create_is_what_the_manifests_mount(self):
        told = set(re.findall(r"create (?:secret generic|configmap) (\S+)", PAGES[0].read_text()))
        mounted = set()
        for overlay in ("base", "replicas"):
            pod = yaml.safe_load((DEPLOY / "kubernetes" / overlay / "stateful-set.yaml").read_text())
            for volume in pod["spec"]["template"]["spec"]["volumes"]:
                name = volume.get("secret", {}).get("secretName") or volume["configMap"]["name"]
                mounted.add(name)
        # Those are made by kustomize.
        self.assertEqual(told, mounted - {"supervision-server", "supervision-stunnel"})

    def test_the_package_that_is_told_is_the_one_that_is_built(self):
        self.assertIn(pathlib.Path(harness.package()).name, PAGES[0].read_text())


if __name__ == "__main__":
    unittest.main()
