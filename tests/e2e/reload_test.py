"""Rules that are exchanged while the service runs: by SIGHUP, by a link, by supervisionctl reload."""

import datetime
import json
import os
import pathlib
import shutil
import signal
import urllib.request

import harness
from harness import ENFORCEMENT, MONITOR, OPERATOR, PARTNER, ROOT, eventually

SHIPPED = ROOT / "deploy" / "config"
CHINA = datetime.timezone(datetime.timedelta(hours=8))


class ExchangedFilesTest(harness.ServiceTest):
    """The configuration lies as Kubernetes mounts it: links through ..data to a folder of its own."""

    flags = ["--reload.settle=50ms"]

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        cls.config = cls.service.directory / "config"
        cls.config.mkdir()
        cls.sets = 0
        cls.exchange("first")
        for name in ("catalogue.yaml", "rules"):
            (cls.config / name).symlink_to(pathlib.Path("..data") / name)
        cls.service.flags = [f"--files.catalogue={cls.config}/catalogue.yaml",
                             f"--files.rules={cls.config}/rules", *cls.flags]
        cls.service.start().ready()

    @classmethod
    def exchange(cls, version, broken=""):
        """A new set of files, put in place by one rename."""
        cls.sets += 1
        folder = cls.config / f"..set{cls.sets}"
        folder.mkdir()
        shutil.copytree(SHIPPED / "rules", folder / "rules")
        shutil.copy(SHIPPED / "catalogue.yaml", folder)
        scoring = folder / "rules" / "00_scoring.yaml"
        lines = [f'version: "{version}"' if line.startswith("version:") else line
                 for line in scoring.read_text().splitlines()]
        scoring.write_text("\n".join(lines) + "\n" + broken)
        (cls.config / "..next").symlink_to(folder.name)
        os.rename(cls.config / "..next", cls.config / "..data")

    def rules(self):
        status = self.service.ctl("status", "--json", token=OPERATOR)
        self.assert_exit(status, 0)
        return json.loads(status.stdout)["rules"]

    def wait_for_version(self, version):
        eventually(lambda: self.rules()["rules_version"].startswith(version + "+"), version)

    def served_version(self):
        result = self.service.ctl("classify", ENFORCEMENT, "--json", token=PARTNER)
        self.assert_exit(result, 0)
        return json.loads(result.stdout)["rules_version"]


class ReloadTest(ExchangedFilesTest):

    def test_a_link_pointed_elsewhere_is_taken_without_being_asked(self):
        self.exchange("linked")
        self.wait_for_version("linked")
        self.assertEqual(self.rules()["last_attempt"]["trigger"], "RELOAD_TRIGGER_WATCH")
        self.assertEqual(self.served_version(), self.rules()["rules_version"])

    def test_reload_tells_every_mistake_and_keeps_what_is_in_force(self):
        self.exchange("good")
        self.wait_for_version("good")
        before = self.served_version()
        self.exchange("bad", broken="unknown_key: 1\nother_key: 2\n")
        result = self.service.ctl("reload", token=OPERATOR)
        self.assert_exit(result, 2)
        for part in ("00_scoring.yaml:", "unknown_key", "other_key"):
            self.assertIn(part, result.stderr)
        self.assertEqual(self.served_version(), before)
        status = self.service.ctl("status", token=OPERATOR)
        self.assert_exit(status, 0)
        self.assertIn("unknown_key", status.stderr)
        self.assertIn("rules_rejected", self.service.log())
        self.exchange("better")
        result = self.service.ctl("reload", "--json", token=OPERATOR)
        self.assert_exit(result, 0)
        self.assertTrue(json.loads(result.stdout)["rules_version"].startswith("better+"))
        self.assertEqual(self.service.ctl("status", token=OPERATOR).stderr, "")

    def test_only_an_operator_may_ask_for_it(self):
        self.assert_exit(self.service.ctl("reload", token=MONITOR), 4)


class SignalTest(ExchangedFilesTest):
    """Nothing watches the files, so that whatever is read is read by the signal."""

    flags = ["--reload.watch=false"]

    def test_sighup_reads_what_has_changed_and_does_not_end_the_service(self):
        loads = int(self.rules()["loads"])
        self.exchange("signalled")
        self.service.process.send_signal(signal.SIGHUP)
        self.wait_for_version("signalled")
        self.assertEqual(self.rules()["last_attempt"]["trigger"], "RELOAD_TRIGGER_SIGNAL")
        self.assertEqual(int(self.rules()["loads"]), loads + 1)
        self.assertIsNone(self.service.process.poll())


class LapsedLawTest(harness.ServiceTest):
    """A law ended yesterday, its rules are not mended yet, and the service starts anew."""

    LAW = "行政强制法"

    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        cls.config = cls.service.directory / "config"
        shutil.copytree(SHIPPED / "rules", cls.config / "rules")
        shutil.copy(SHIPPED / "catalogue.yaml", cls.config)
        statutes = cls.config / "rules" / "05_statutes.yaml"
        cls.yesterday = datetime.datetime.now(CHINA).date() - datetime.timedelta(days=1)
        before, after = statutes.read_text(encoding="utf-8").split(f"- name: {cls.LAW}\n")
        after = after.replace('"}', f'", to: "{cls.yesterday}"}}', 1)
        statutes.write_text(f"{before}- name: {cls.LAW}\n{after}", encoding="utf-8")
        cls.service.flags = [f"--files.rules={cls.config}/rules"]
        cls.service.start().ready()

    def test_it_serves_and_tells_what_to_mend(self):
        service, config, yesterday = self.service, self.config, self.yesterday
        told = f"rests on {self.LAW}"
        status = service.ctl("status", token=OPERATOR)
        self.assert_exit(status, 0)
        self.assertIn(told, status.stderr)
        self.assertIn(f"ended on {yesterday}", status.stderr)
        self.assertIn("rules_lapsed", service.log())
        addresses = json.loads((service.directory / "addresses.json").read_text())
        with urllib.request.urlopen(f"http://{addresses['metrics']}/metrics", timeout=harness.PATIENCE) as page:
            self.assertRegex(page.read().decode(), r'supervision_rules_lapsed\{set="live"\} [1-9]')
        verdict = service.ctl("classify", ENFORCEMENT, "--json", token=PARTNER)
        self.assertEqual(json.loads(verdict.stdout)["scenario"], "SCENARIO_ADMIN_ENFORCEMENT")
        # Whoever works on the rules is told plainly, and was told beforehand.
        self.assert_exit(service.ctl("rules", "test", str(config), "--on", str(yesterday)), 0)
        today = service.ctl("rules", "test", str(config))
        self.assert_exit(today, 1)
        self.assertIn(told, today.stderr)


if __name__ == "__main__":
    harness.main()
