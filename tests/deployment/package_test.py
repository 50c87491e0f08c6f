"""The Debian package: its life in a minimal Debian, from installation to purge."""

import json
import pathlib
import platform
import re
import shutil
import unittest

import guide
import harness

UNIT = harness.ROOT / "deploy" / "package" / "supervision.service"
CONFIG = harness.ROOT / "deploy" / "config"


def unit_value(text, key):
    return re.search(rf"^{key}=(.*)$", text, re.MULTILINE)[1]


class UnitTest(unittest.TestCase):
    def test_systemd_takes_every_line(self):
        # A copy whose programs exist here; systemd looks for them too.
        folder = harness.scratch("unit")
        self.addCleanup(shutil.rmtree, folder)
        copy = folder / UNIT.name
        copy.write_text(UNIT.read_text().replace("/usr/bin/supervisiond", "/bin/true"))
        result = harness.run("systemd-analyze", "verify", "--man=no", copy)
        self.assertEqual(result.stdout + result.stderr, "")

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


class PackageLifeTest(unittest.TestCase):
    """One story, told in the order of the tests' names."""

    @classmethod
    def setUpClass(cls):
        cls.root = harness.unpacked(harness.base(), harness.WORK / "package-root")
        for release in (1, 2):
            shutil.copy(harness.package(release), cls.root / f"supervision-{release}.deb")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    def apt(self, *words):
        with harness.Root(self.root, online=True) as root:
            root.run("apt-get", "-qq", "-o", "Acquire::Retries=3", "-o", "Dpkg::Use-Pty=0", *words,
                     environment={"DEBIAN_FRONTEND": "noninteractive"}, limit=300)

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

    def test_1_installs_with_what_it_needs(self):
        self.apt("update")
        self.apt("install", "--yes", "--no-install-recommends", "/supervision-1.deb")
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
            listing = root.run("stat", "--format=%U:%G %a", "/etc/supervision/tokens.yaml").stdout
            self.assertEqual(root.stop(service), 0)
        self.assertEqual(listing, "root:supervision 640\n")  # which the service can read

    def test_5_upgrade_keeps_what_was_edited_and_the_ledger(self):
        server = self.root / "etc/supervision/server.yaml"
        server.write_text(server.read_text().replace("  # log_age: 90d", "  log_age: 30d"))
        self.apt("install", "--yes", "--no-install-recommends", "/supervision-2.deb")
        self.assertIn("  log_age: 30d", server.read_text())
        clue_id = self.receipt["clue_id"]
        found = self.serve(lambda root, user: (
            harness.shows_its_alert(root, user),
            root.run("supervisionctl", "get", clue_id, user=user,
                     environment={"SUPERVISION_TOKEN": "example-partner-token"}).stdout)[1])
        self.assertIn(clue_id, found)

    def test_6_removal_leaves_configuration_and_ledger(self):
        self.apt("remove", "--yes", "supervision")
        self.assertFalse((self.root / "usr/bin/supervisiond").exists())
        self.assertTrue((self.root / "etc/supervision/server.yaml").exists())
        self.assertTrue(any((self.root / "var/lib/supervision").iterdir()))

    def test_7_purge_leaves_the_ledger_alone(self):
        self.apt("purge", "--yes", "supervision")
        self.assertFalse((self.root / "etc/supervision/server.yaml").exists())
        self.assertTrue(any((self.root / "var/lib/supervision").iterdir()))
        wants = self.root / "etc/systemd/system/multi-user.target.wants/supervision.service"
        self.assertFalse(wants.is_symlink())


if __name__ == "__main__":
    unittest.main()
