"""supervisionctl train: offline, from labelled files, without any service."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness

CONFIG = harness.ROOT / "deploy" / "config"
KEPT = b"the model of the service"


class TrainTest(unittest.TestCase):
    def setUp(self):
        self.config = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="sv-e2e-")))
        shutil.copytree(CONFIG / "rules", self.config / "rules")
        shutil.copy(CONFIG / "catalogue.yaml", self.config)
        self.model = self.config / "model" / "model.bin"
        self.model.parent.mkdir()
        self.model.write_bytes(KEPT)
        # Two of the twelve classes; letters of their own keep the texts from being near-duplicates.
        clues = []
        for number in range(24):
            filler = "".join(chr(0x4E00 + 97 * number + 7 * place) for place in range(40))
            label, words = (("ADMIN_ENFORCEMENT", "城管把秤扣押了不还"), ("JUDICIAL", "法院判决没有执行")
                            )[number % 2]
            clues.append({"id": str(number), "content": filler + words, "label": label})
        self.labels = self.config / "two.jsonl"
        self.labels.write_text("".join(json.dumps(clue, ensure_ascii=False) + "\n" for clue in clues))

    def train(self, *arguments):
        return subprocess.run(
            [harness.CTL, "train", "--labels", self.labels, "--config", self.config, *arguments],
            text=True, timeout=harness.PATIENCE, capture_output=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8"})

    def test_a_model_with_which_no_service_starts_does_not_replace_the_one_in_place(self):
        result = self.train()
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("--out", result.stderr)
        self.assertIn("not the 12 of the catalogue", result.stderr)
        self.assertEqual(self.model.read_bytes(), KEPT)
        self.assertEqual(list(self.model.parent.iterdir()), [self.model])

    def test_it_may_be_written_elsewhere(self):
        out = self.config / "two.bin"
        result = self.train("--out", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(out.stat().st_size, 0)
        self.assertEqual(self.model.read_bytes(), KEPT)


if __name__ == "__main__":
    unittest.main()
