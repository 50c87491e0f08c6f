"""The page of metrics after calls of many: its labels come from closed sets, whoever calls and
whatever they write. A label that grows with callers, subscriptions or texts would fill whoever keeps
the figures, and might name a person."""

import hashlib
import json
import re
import urllib.request

import harness
from harness import clue

CALLERS = 10
REGIONS = ("330424", "330402", "330411", "330421")
SALT = b"12345678"
PROTOS = harness.ROOT / "protos" / "supervision" / "v1"


def words_of_protos(pattern):
    return {word for path in PROTOS.glob("*.proto")
            for word in re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)}


GRPC_CODES = {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
              "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
              "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
              "UNAUTHENTICATED"}

# What each label may be: one of these words.
WORDS = {
    "code": GRPC_CODES,
    "method": words_of_protos(r"^  rpc (\w+)\("),
    "scenario": words_of_protos(r"^  SCENARIO_(\w+) =") | {"SCENARIO_UNSPECIFIED"},
    "risk": words_of_protos(r"^  RISK_(\w+) =") | {"RISK_UNSPECIFIED"},
}
# Or one of a number that the configuration or the code bounds, whatever is called: words of the
# code, routes and partitions of the configuration, the 20 owners furthest behind and all others.
MOST = {
    "by": 4, "catalogue": 2, "change": 8, "connection": 4, "digest": 4, "kind": 8, "limit": 4,
    "owner": 21, "partition": 64, "quota": 8, "reason": 12, "result": 128, "route": 64, "rules": 2,
    "set": 2, "step": 8, "what": 8,
}
# Bounds of classes, which are the code's.
CLASSES = {"le", "quantile"}


class MetricLabelsTest(harness.ServiceTest):
    @classmethod
    def setUpClass(cls):
        cls.service = harness.Service()
        principals = cls.service.directory / "principals.yaml"
        text = (harness.THIS.config / "principals.yaml").read_text(encoding="utf-8")
        for number in range(CALLERS):
            for role, more in (("MONITOR", ""), ("PARTNER", f"partner: system-{number}, ")):
                token = cls.token(role, number)
                digest = hashlib.sha256(SALT + token.encode()).hexdigest()
                text += (f"\n  - {{id: {token}-id, roles: [{role}], {more}"
                         f"token_hashes: [\"{SALT.hex()}:{digest}\"]}}")
        principals.write_text(text + "\n", encoding="utf-8")
        cls.service.flags.append(f"--files.principals={principals}")
        cls.service.start().ready()

    @staticmethod
    def token(role, number):
        return f"caller-{role.lower()}-{number}"

    def page(self):
        addresses = json.loads((self.service.directory / "addresses.json").read_text())
        with urllib.request.urlopen(f"http://{addresses['metrics']}/metrics", timeout=30) as page:
            return page.read().decode()

    def call_as(self, number):
        partner, monitor = self.token("PARTNER", number), self.token("MONITOR", number)
        self.service.submit(clue(f"标签-{number}", title=f"标题{number}号",
                                 region=REGIONS[number % len(REGIONS)],
                                 reported_unit={"name": f"第{number}号局"}), token=partner)
        for words, code in ((("subscriptions", "create", f"订阅{number}"), 0),
                            (("watch", "--subscription", f"订阅{number}", "--until-idle", "0.1"), 0),
                            (("subscriptions", "get", f"没有{number}"), 6),
                            (("alerts", "--unit", f"第{number}号局"), 0)):
            self.assert_exit(self.service.ctl(*words, token=monitor), code)

    def test_labels_come_from_closed_sets_whoever_calls_and_whatever_they_write(self):
        for number in range(CALLERS):
            self.call_as(number)
        page = self.page()
        values = {}
        for labels in re.findall(r"^\w+\{(.*)\} ", page, re.MULTILINE):
            for name, value in re.findall(r'(\w+)="([^"]*)"', labels):
                values.setdefault(name, set()).add(value)
        self.assertIn("ConsumeAlerts", values["method"])
        self.assertIn("NOT_FOUND", values["code"])
        unknown = set(values) - set(WORDS) - set(MOST) - CLASSES
        self.assertEqual(unknown, set(), "say in this test what bounds the label")
        for name, words in WORDS.items():
            self.assertEqual(values[name] - words, set(), name)
        for name, most in MOST.items():
            self.assertLessEqual(len(values.get(name, ())), most, f"{name}: {values.get(name)}")
        for written in ("标签", "标题", "号局", "订阅", "没有", "system-"):
            self.assertNotIn(written, page)


if __name__ == "__main__":
    harness.main()
