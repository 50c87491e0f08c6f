"""A backup while the service serves, and the way back, with monitors whose places are older and newer."""

import json
import os
import resource
import shutil
import subprocess

import harness
from harness import MONITOR, clue


class BackupTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service(embedded=True).start().ready()
        cls.data = cls.service.directory / "data"

    def watch(self, count, *more):
        """What a monitor is told: its result after `count` alerts."""
        return self.service.ctl("watch", "--json", "--count", count, *more, token=MONITOR)

    def told(self, result):
        self.assert_exit(result, 0)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_a_backup_brings_back_all_that_was_acknowledged_before_it(self):
        service, file = self.service, self.service.directory / "ledger.rdb"
        kept = [service.submit(clue(f"kept-{i}"))["clue_id"] for i in range(5)]
        early = service.directory / "early.cursor"
        self.told(self.watch(5, "--from", "earliest", "--cursor-file", early))
        self.assert_exit(service.ctl("backup", "--data", self.data, file), 0)
        self.assertEqual(list(service.directory.glob("ledger.rdb*")), [file])  # and no part of it
        again = service.ctl("backup", "--data", self.data, file)
        self.assert_exit(again, 1)
        self.assertIn("exists", again.stderr)
        lost = service.submit(clue("lost-1"))["clue_id"]
        late = service.directory / "late.cursor"
        shutil.copy(early, late)
        self.told(self.watch(1, "--cursor-file", late))

        refused = service.ctl("restore", "--data", self.data, "--replace", file)
        self.assert_exit(refused, 1)
        self.assertIn("held by another service", refused.stderr)
        service.terminate()
        refused = service.ctl("restore", "--data", self.data, file)
        self.assert_exit(refused, 1)
        self.assertIn("--replace", refused.stderr)
        shutil.rmtree(self.data)  # as on a new machine: no witness either
        self.assert_exit(service.ctl("restore", "--data", self.data, file), 0)
        service.start().ready()

        for clue_id in kept:
            self.assert_exit(service.ctl("get", clue_id), 0)
        self.assert_exit(service.ctl("get", lost), 6)
        # A partner that was answered before the backup is answered the same; one that was answered
        # later submits again, and its clue is new.
        self.assertEqual(service.submit(clue("lost-1"), request_id="again-1")["clue_id"], lost)
        early_told = self.told(self.watch(1, "--cursor-file", early))
        self.assertEqual(early_told[0]["alert"]["clue_id"], lost)
        late_told = self.watch(1, "--cursor-file", late)
        self.assert_exit(late_told, 7)

    def test_a_damaged_backup_is_refused_and_nothing_changes(self):
        file = self.service.directory / "damaged.rdb"
        self.assert_exit(self.service.ctl("backup", "--data", self.data, file), 0)
        whole = file.read_bytes()
        elsewhere = self.service.directory / "elsewhere"
        for damaged in (whole[:len(whole) // 2], whole[:-20] + b"x" * 20, b"no backup"):
            file.write_bytes(damaged)
            refused = self.service.ctl("restore", "--data", elsewhere, file)
            self.assert_exit(refused, 1)
            self.assertIn("use another backup", refused.stderr)
            self.assertFalse((elsewhere / "appendonlydir").exists())

    def test_a_check_that_was_ended_does_not_call_a_good_backup_bad(self):
        file = self.service.directory / "good.rdb"
        self.assert_exit(self.service.ctl("backup", "--data", self.data, file), 0)
        programs = self.service.directory / "programs"  # in which the check ends as for want of memory
        programs.mkdir()
        check = programs / "redis-check-rdb"
        check.write_text("#!/bin/sh\nkill -9 $$\n")
        check.chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        elsewhere = self.service.directory / "unchecked"
        refused = self.service.ctl("restore", "--data", elsewhere, file, PATH=path)
        self.assert_exit(refused, 1)
        self.assertIn("could not be checked and may be whole", refused.stderr)
        self.assertIn("too little memory", refused.stderr)
        self.assertNotIn("use another", refused.stderr)
        self.assertFalse((elsewhere / "appendonlydir").exists())

        elsewhere.mkdir(exist_ok=True)
        refused = subprocess.run(["sh", harness.ROOT / "deploy/redis/restore", elsewhere], text=True,
                                 stdin=file.open("rb"), capture_output=True, env={"PATH": path})
        self.assertEqual(refused.returncode, 1)
        self.assertIn("may be whole", refused.stderr)
        self.assertNotIn("no whole dump", refused.stderr)
        self.assertFalse((elsewhere / "appendonlydir").exists())

    def test_a_backup_that_does_not_fit_leaves_the_data_as_they_are_and_nothing_behind(self):
        file = self.service.directory / "large.rdb"
        self.assert_exit(self.service.ctl("backup", "--data", self.data, file), 0)
        room = file.stat().st_size // 2
        data = self.service.directory / "tight"
        (data / "appendonlydir").mkdir(parents=True)
        (data / "appendonlydir" / "theirs").write_text("what is there")
        self.assertIn("--replace", self.service.ctl("restore", "--data", data, file).stderr)  # makes the locks

        def everything():
            return {path.relative_to(data): path.is_file() and path.read_bytes() for path in data.rglob("*")
                    if not path.name.endswith(".lock")}

        before = everything()
        # As on a full disk: what is written ends in an error, since Python leaves SIGXFSZ ignored.
        full = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
                "restore_signals": False, "capture_output": True, "timeout": harness.PATIENCE}
        refused = subprocess.run([harness.CTL, "restore", "--data", data, "--replace", file], **full,
                                 stdin=subprocess.DEVNULL, env=self.service.environment(MONITOR))
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertRegex(refused.stderr.decode(), r"cannot copy .*large.rdb to .*File too large")
        self.assertEqual(everything(), before)

        with file.open("rb") as dump:
            refused = subprocess.run(["sh", harness.ROOT / "deploy/redis/restore", data], **full, stdin=dump)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("is there room for it?", refused.stderr.decode())
        self.assertEqual(everything(), before)

    def test_a_backup_that_is_kept_read_only_is_restored_writable(self):
        file = self.service.directory / "kept.rdb"
        self.assert_exit(self.service.ctl("backup", "--data", self.data, file), 0)
        file.chmod(0o400)
        elsewhere = self.service.directory / "restored"
        self.assert_exit(self.service.ctl("restore", "--data", elsewhere, file), 0)
        for part in (elsewhere / "appendonlydir").iterdir():
            self.assertEqual(part.stat().st_mode & 0o777 & ~0o077, 0o600, part)

    def test_without_a_service_there_is_nothing_to_back_up(self):
        nowhere = self.service.directory / "nowhere"
        file = self.service.directory / "never.rdb"
        refused = self.service.ctl("backup", "--data", nowhere, file)
        self.assert_exit(refused, 1)
        self.assertIn("is the service running", refused.stderr)
        self.assertFalse(file.exists())


if __name__ == "__main__":
    harness.main()
