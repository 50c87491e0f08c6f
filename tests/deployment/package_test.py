"""The Debian package: its life in a minimal Debian, from installation to purge."""

import json
import pathlib
import platform
import re
import shutil
import unittest

import guide
import harness
import manifests

UNIT = harness.ROOT / "deploy" / "package" / "supervision.service"
CONFIG = harness.ROOT / "deploy" / "config"


def unit_value(text, key):
    return re.search(rf"^{key}=(.*)$", text, re.MULTILINE)[1]


class UnitTest(unittest.TestCase):
    def test_systemd_takes_every_line(self):
        self.assertEqual(self.said_by_systemd(), "")

    def said_by_systemd(self, drop_in=""):
        # A copy whose programs exist here; systemd looks for them too.
        folder = harness.scratch("unit")
        self.addCleanup(shutil.rmtree, folder)
        copy = folder / UNIT.name
        copy.write_text(UNIT.read_text().replace("/usr/bin/supervisiond", "/bin/true"))
        beside = folder / f"{UNIT.name}.d"
        beside.mkdir()
        (beside / "override.conf").write_text(drop_in)
        result = harness.run("systemd-analyze", "verify", "--man=no", copy)
        return result.stdout + result.stderr

    def test_who_moves_the_data_is_told_what_the_unit_needs_for_it(self):
        runbook = (harness.ROOT / "deploy/monitoring/RUNBOOK.md").read_text()
        told = re.search(r"`(\w+)=/the/other/directory`", runbook)[1]
        self.assertEqual(self.said_by_systemd(f"[Service]\n{told}=/the/other/directory\n"), "")
        self.assertIn("Unknown key", self.said_by_systemd(f"[Service]\n{told}s=/the/other/directory\n"))
        self.assertEqual(unit_value(UNIT.read_text(), "ProtectSystem"), "strict")
        self.assertIn(f"({told}=)", (CONFIG / "server.yaml").read_text())

    def test_what_the_service_asks_of_the_kernel_by_name_is_let_through(self):
        allowed = set()
        for names in re.findall(r"^SystemCallFilter=(.*)$", UNIT.read_text(), re.MULTILINE):
            found = {call for name in names.lstrip("~").split() for call in self.calls_of(name)}
            allowed = allowed - found if names.startswith("~") else allowed | found
        self.assertNotIn("mbind", allowed)
        self.assertEqual({"accept4", "memfd_create", "pidfd_open", "prlimit64", "renameat2",
                          "sched_setaffinity", "setpriority"} - allowed, set())

    def calls_of(self, name):
        """The system calls of a group of systemd's, of those in it too; of a call itself."""
        if not name.startswith("@"):
            return {name}
        said = harness.run("systemd-analyze", "syscall-filter", name).stdout.split("\n")[1:]
        members = {line.strip() for line in said if line.strip() and "#" not in line}
        return {call for member in members for call in self.calls_of(member)}

    def test_exposure_stays_low(self):
        harness.run("systemd-analyze", "security", "--offline=true", "--threshold=20", UNIT)

    def test_stops_later_than_the_drain_may_take(self):
        shipped = (CONFIG / "server.yaml").read_text()
        drain = sum(int(re.search(rf"# {name}: (\d+)s$", shipped, re.MULTILINE)[1])
                    for name in ("announce", "spread", "finish"))
        self.assertGreater(int(unit_value(UNIT.read_text(), "TimeoutStopSec").rstrip("s")), 2 * drain)


class PackageContentTest(unittest.TestCase):
    def test_every_file_in_etc_is_a_conffile(self):
        deb = harness.package()
        listed = harness.run("dpkg-deb", "--info", deb, "conffiles").stdout.split()
        tree = harness.scratch("deb")
        self.addCleanup(shutil.rmtree, tree)
        harness.run("dpkg-deb", "--extract", deb, tree)
        shipped = ["/" + str(path.relative_to(tree)) for path in (tree / "etc").rglob("*")
                   if path.is_file()]
        self.assertEqual(sorted(listed), sorted(shipped))

    def everybody_may_read(self, deb):
        listed = harness.run("dpkg-deb", "--contents", deb).stdout.splitlines()
        self.assertGreater(len(listed), 10)
        self.assertEqual([line for line in listed
                          if not re.match(r"drwxr-xr-x root/root |-rw[x-]r-[x-]r-[x-] root/root ", line)], [])

    def test_everybody_may_enter_its_folders_and_read_its_files_whoever_built_it(self):
        self.everybody_may_read(harness.package())

    def test_so_it_is_when_cpack_is_called_by_itself(self):
        harness.package()
        output = harness.scratch("cpack")
        self.addCleanup(shutil.rmtree, output)
        harness.run("cpack", "-G", "DEB", "-B", output, cwd=harness.BUILD, umask=0o077)
        [deb] = output.glob("*.deb")
        self.everybody_may_read(deb)

    def test_a_principal_without_a_rate_of_its_own_has_that_of_the_guide(self):
        harness.package()
        manifests.has_the_rate_of_the_guide(self, (harness.BUILD / "installed/server.yaml").read_text())

    def test_ships_every_rule_file(self):
        listed = harness.run("dpkg-deb", "--info", harness.package(), "conffiles").stdout.split()
        shipped = sorted(pathlib.Path(path).name for path in listed if "/rules/" in path)
        self.assertEqual(shipped, sorted(path.name for path in (CONFIG / "rules").glob("*.yaml")))

    def test_programs_are_hardened(self):
        harness.package()
        marks = {  # what readelf shows of each flag
            "position-independent": ("--file-header", r"Position-Independent Executable"),
            "relocations read-only": ("--program-headers", r"GNU_RELRO"),
            "bound at start": ("--dynamic", r"\(FLAGS_1\).*NOW"),
            "stack not executable": ("--program-headers", r"GNU_STACK.* RW +0x"),
            "stack protector": ("--dyn-syms", r"__stack_chk_fail"),
        }
        missing = [f"{program.name}: {mark}" for program in (harness.DAEMON, harness.CTL)
                   for mark, (option, pattern) in marks.items()
                   if not re.search(pattern, harness.run("readelf", option, "--wide", program).stdout)]
        self.assertEqual(missing, [])

    def test_every_source_is_compiled_with_the_flags_that_leave_no_mark(self):
        harness.package()
        commands = json.loads((harness.BUILD / "compile_commands.json").read_text())
        flags = ["-D_FORTIFY_SOURCE=2", "-fstack-clash-protection"]
        flags += ["-fcf-protection=full"] if platform.machine() == "x86_64" else []
        without = [entry["file"] for entry in commands
                   if any(flag not in entry["command"].split() for flag in flags)]
        self.assertEqual(without, [])


def with_another_default(deb, target):
    """A copy of a package whose server.yaml says something that the original's does not."""
    tree = harness.scratch("repacked")
    try:
        harness.run("dpkg-deb", "--raw-extract", deb, tree)
        with open(tree / "etc/supervision/server.yaml", "a", encoding="utf-8") as server:
            server.write("# Of the later release.\n")
        harness.run("dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "--build", tree, target)
    finally:
        shutil.rmtree(tree)


class PackageLifeTest(unittest.TestCase):
    """One story, told in the order of the tests' names."""

    # Instead of a person who answers, for a network that falters, and to meet the stand-in below.
    ANSWERS = """APT::Get::Assume-Yes "true";
        APT::Install-Recommends "false";
        Acquire::Retries "3";
        DPkg::Path "/stand-in:/usr/sbin:/usr/bin:/sbin:/bin";
        Dpkg::Use-Pty "0";
        quiet "2";
        """
    # The root has no systemd: what it would be asked is kept.
    SYSTEMCTL = """#!/bin/sh
        echo "$*" >>/systemctl.asked
        case "$*" in *is-enabled*) echo enabled ;; esac
        """

    @classmethod
    def setUpClass(cls):
        harness.package()
        cls.root = harness.unpacked(harness.base(), harness.WORK / "package-root")
        for command in guide.as_told("deploy/package/build "):
            words = command.split()
            harness.run(harness.ROOT / words[0], *words[1:], cwd=cls.root, limit=3600)
        with_another_default(harness.package(2), cls.root / "later.deb")
        (cls.root / "etc/apt/apt.conf.d/90answers").write_text(cls.ANSWERS)
        systemctl = cls.root / "stand-in" / "systemctl"
        systemctl.parent.mkdir()
        systemctl.write_text(cls.SYSTEMCTL)
        systemctl.chmod(0o755)
        (cls.root / "run/systemd/system").mkdir(parents=True)
        (cls.root / "etc/hosts").write_text("127.0.0.1 localhost\n")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def apt(self, command):
        """Types it, and returns what systemd was asked to do with the unit meanwhile."""
        asked = self.root / "systemctl.asked"
        asked.write_text("")
        with harness.Root(self.root, online=True) as root:
            root.run("bash", "-c", command, environment={"DEBIAN_FRONTEND": "noninteractive"}, limit=300)
        return re.findall(r"\b(start|restart|stop) supervision\.service$", asked.read_text(), re.MULTILINE)

    def installed_unit(self):
        return (self.root / "lib/systemd/system/supervision.service").read_text()

    def start(self, root):
        """What the unit starts, as the unit's user."""
        unit = self.installed_unit()
        return root.start(*unit_value(unit, "ExecStart").split(), user=unit_value(unit, "User"),
                          log=harness.WORK / "package-service.log")

    def serve(self, then):
        """Starts the service and stops it again."""
        user = unit_value(self.installed_unit(), "User")
        log = harness.WORK / "package-service.log"
        with harness.Root(self.root) as root:
            service = self.start(root)
            try:
                result = then(root, user)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{log.read_text()[-3000:]}") from error
            self.assertEqual(root.stop(service), 0)
        return result

    def test_1_installs_as_told_with_what_it_needs(self):
        self.apt("apt-get update")
        told = guide.as_told("apt-get install ./dist/")
        self.assertEqual(len(told), 1)
        self.assertEqual(self.apt(told[0]), ["start"])
        with harness.Root(self.root) as root:
            root.run("supervisiond", "--config", "/etc/supervision/server.yaml", "--check-config",
                     user="supervision")
            listing = root.run("stat", "--format=%U:%G %a %n", "/var/lib/supervision",
                               "/etc/supervision/principals.yaml").stdout
        self.assertIn("supervision:supervision 700 /var/lib/supervision", listing)
        self.assertIn("root:supervision 640 /etc/supervision/principals.yaml", listing)

    def test_2_serves_as_its_own_user(self):
        type(self).receipt = self.serve(harness.shows_its_alert)

    def test_3_is_enabled_for_the_next_boot(self):
        wants = self.root / "etc/systemd/system/multi-user.target.wants/supervision.service"
        self.assertTrue(wants.is_symlink())

    def test_4_does_what_the_guide_tells(self):
        """Every command of the guide for such a machine, typed by root in the order of the page."""
        (self.root / "backup").mkdir()
        environment = {"SUPERVISION_TOKEN": "example-operator-token"}
        with harness.Root(self.root) as root:
            service = self.start(root)
            root.run("supervisionctl", "status", "--wait", "60", environment=environment)
            for block in guide.on_the_machine():
                script = "set -eu"
                for command in block:
                    # The root has no systemd: what the unit would do is done here.
                    if command == "systemctl stop supervision":
                        root.run("bash", "-c", script, environment=environment)
                        self.assertEqual(root.stop(service), 0)
                        script = "set -eu"
                    elif command == "systemctl start supervision":
                        root.run("bash", "-c", script, environment=environment)
                        service = self.start(root)
                        script = "supervisionctl status --wait 60"
                    else:
                        script += "\n" + command
                root.run("bash", "-c", script, environment=environment)
            for command in guide.in_the_text():
                root.run("bash", "-c", command, environment=environment)
            listing = root.run("stat", "--format=%U:%G %a", "/etc/supervision/tokens.yaml").stdout
            self.assertEqual(root.stop(service), 0)
        self.assertEqual(listing, "root:supervision 640\n")  # which the service can read

    def test_4_speaks_tls_as_told(self):
        """The certificates, the settings and the commands of the guide, with principals of its own."""
        etc = self.root / "etc/supervision"
        group = re.search(r"^supervision:x:(\d+):", (self.root / "etc/group").read_text(), re.MULTILINE)[1]
        [told] = guide.as_told("deploy/certs ")
        harness.run(*told.replace("/etc/supervision", str(etc)).replace(
            "--group supervision", f"--group {group}").split(), cwd=harness.ROOT)
        kept = {name: (etc / name).read_text() for name in ("server.yaml", "principals.yaml")}
        self.assertEqual(kept["server.yaml"].count("listen:\n"), 1)
        (etc / "server.yaml").write_text(kept["server.yaml"].replace("listen:\n", guide.tls_settings()))
        (etc / "principals.yaml").write_text("principals:\n  - id: operator\n    roles: [OPERATOR]\n")
        [commands] = guide.over_tls()

        def answers(root, user):
            for command in commands:
                harness.eventually(lambda: root.run("bash", "-c", command, check=False).returncode == 0,  # pylint: disable=cell-var-from-loop
                                   command, 60)
            token = root.run("supervisionctl", "tokens", "create", "operator", "--config",
                             "/etc/supervision").stdout.strip()
            harness.eventually(lambda: root.run(
                "supervisionctl", "doctor", "--connect", "localhost:50051", user=user, check=False,
                environment={"SUPERVISION_TOKEN": token, "SUPERVISION_TLS_CA": "/etc/supervision/tls/ca.pem"},
            ).returncode == 0, "the new token is known", 60)

        try:
            self.serve(answers)
        finally:
            for name, text in kept.items():
                (etc / name).write_text(text)
            shutil.rmtree(etc / "tls")

    def test_5_upgrade_keeps_what_was_edited_and_the_ledger(self):
        server = self.root / "etc/supervision/server.yaml"
        server.write_text(server.read_text().replace("  # log_age: 90d", "  log_age: 30d"))
        told = guide.as_told("apt-get -o ")
        self.assertEqual(len(told), 1)
        self.assertEqual(self.apt(told[0].replace("NEW.deb", "later.deb")), ["restart"])
        self.assertIn("  log_age: 30d", server.read_text())
        later = server.with_name("server.yaml.dpkg-dist").read_text()
        self.assertIn("# Of the later release.", later)
        clue_id = self.receipt["clue_id"]
        found = self.serve(lambda root, user: (
            harness.shows_its_alert(root, user),
            root.run("supervisionctl", "get", clue_id, user=user,
                     environment={"SUPERVISION_TOKEN": "example-partner-token"}).stdout)[1])
        self.assertIn(clue_id, found)

    def test_6_removal_leaves_configuration_and_ledger(self):
        self.assertEqual(self.apt("apt-get remove supervision"), ["stop"])
        self.assertFalse((self.root / "usr/bin/supervisiond").exists())
        self.assertTrue((self.root / "etc/supervision/server.yaml").exists())
        self.assertTrue(any((self.root / "var/lib/supervision").iterdir()))

    def test_7_installed_again_it_goes_on_where_it_was(self):
        # Known from before, which a restart starts as well.
        self.assertEqual(self.apt("apt-get install ./later.deb"), ["restart"])
        self.assertIn("  log_age: 30d", (self.root / "etc/supervision/server.yaml").read_text())
        found = self.serve(lambda root, user: (
            root.run("supervisionctl", "status", "--wait", "60", user=user,
                     environment={"SUPERVISION_TOKEN": "example-operator-token"}),
            root.run("supervisionctl", "get", self.receipt["clue_id"], user=user,
                     environment={"SUPERVISION_TOKEN": "example-partner-token"}).stdout)[1])
        self.assertIn(self.receipt["clue_id"], found)

    def test_8_purge_leaves_the_ledger_alone(self):
        etc = self.root / "etc/supervision"
        self.assertTrue((etc / "tokens.yaml").exists())
        (etc / "tls").mkdir()
        for name in ("tls/ca.key", "mine.yaml"):
            (etc / name).touch()
        self.assertEqual(self.apt("apt-get purge supervision"), ["stop"])
        # What no command of the guide has made is not for the package to remove.
        self.assertEqual([path.name for path in etc.iterdir()], ["mine.yaml"])
        self.assertTrue(any((self.root / "var/lib/supervision").iterdir()))
        wants = self.root / "etc/systemd/system/multi-user.target.wants/supervision.service"
        self.assertFalse(wants.is_symlink())


if __name__ == "__main__":
    unittest.main()
