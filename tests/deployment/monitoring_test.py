"""Alert rules, dashboard, runbook and the list of metrics, against a running service and the real
Prometheus."""

import itertools
import json
import re
import shutil
import subprocess
import unittest
import urllib.parse
import urllib.request

import yaml

import guide
import harness
import manifests
from tools import tool

MONITORING = harness.ROOT / "deploy" / "monitoring"


def rules():
    return [rule for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"]
            for rule in group["rules"]]


def dashboard():
    return json.loads((MONITORING / "dashboard.json").read_text())


def as_asked(expr):
    """With Grafana's variables replaced as Grafana does."""
    return expr.replace("$__rate_interval", "1m").replace("$instance", ".*")


def dashboard_queries():
    """(panel, query) as they are asked."""
    queries = [(panel["title"], target["expr"]) for panel in dashboard()["panels"]
               for target in panel["targets"]]
    queries += [("annotations", entry["expr"]) for entry in dashboard()["annotations"]["list"]]
    return [(title, as_asked(expr)) for title, expr in queries]


def metrics_of_the_sources():
    return {name for source in (harness.ROOT / "services").rglob("*.cc")
            for name in re.findall(r'"(supervision_[a-z_]+)"', source.read_text())}


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


class RulesTest(unittest.TestCase):
    def test_promtool_takes_the_rules_and_their_tests_hold(self):
        harness.run(tool("promtool"), "check", "rules", MONITORING / "rules.yaml")
        harness.run(tool("promtool"), "test", "rules", "rules_test.yaml", cwd=MONITORING)

    def test_promtool_takes_what_the_guide_scrapes_and_the_rules_find_it(self):
        told = [text for text in re.findall(r"^```yaml\n(.*?)^```", guide.PAGE.read_text(),
                                            re.MULTILINE | re.DOTALL) if "scrape_configs" in text]
        self.assertEqual(len(told), 2)
        folder = harness.scratch("scrape")
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(MONITORING / "rules.yaml", folder)
        asked = set(re.findall(r'job="(\w+)"', (MONITORING / "rules.yaml").read_text()))
        for text in told:
            settings = yaml.safe_load(text)
            job = settings["scrape_configs"][0]
            self.assertEqual({job["job_name"]}, asked)
            # Debian's Prometheus is compiled without the discovery of Kubernetes.
            discovery = job.pop("kubernetes_sd_configs", None)
            self.assertIn(discovery, (None, [{"role": "pod", "namespaces": {"names": ["supervision"]}}]))
            (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings))
            harness.run(tool("promtool"), "check", "config", folder / "prometheus.yaml")
        pod = yaml.safe_load(
            (harness.ROOT / "deploy/kubernetes/base/stateful-set.yaml").read_text())["spec"]["template"]
        kept = {rule["source_labels"][0]: rule["regex"]
                for rule in yaml.safe_load(told[1])["scrape_configs"][0]["relabel_configs"]
                if rule.get("action") == "keep"}
        self.assertEqual(kept, {
            "__meta_kubernetes_pod_annotation_prometheus_io_scrape":
                pod["metadata"]["annotations"]["prometheus.io/scrape"],
            "__meta_kubernetes_pod_container_port_name":
                pod["spec"]["containers"][0]["ports"][1]["name"]})

    def test_promtool_and_amtool_take_the_alertmanager_of_the_guide_which_tells_each_severity_its_receiver(self):
        told = re.findall(r"^```yaml\n(.*?)^```", guide.PAGE.read_text(), re.MULTILINE | re.DOTALL)
        [alerting] = [text for text in told if text.startswith("alerting:")]
        [routing] = [yaml.safe_load(text) for text in told if text.startswith("route:")]
        folder = harness.scratch("alerting")
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(MONITORING / "rules.yaml", folder)
        (folder / "prometheus.yaml").write_text((MONITORING / "prometheus.yaml").read_text() + alerting)
        harness.run(tool("promtool"), "check", "config", folder / "prometheus.yaml")
        route = routing["route"]
        used = {route["receiver"], *(one["receiver"] for one in route["routes"])}
        self.assertEqual(used, {receiver["name"] for receiver in routing["receivers"]})
        (folder / "alertmanager.yaml").write_text(next(text for text in told if text.startswith("route:")))
        harness.run(tool("amtool"), "check-config", folder / "alertmanager.yaml")
        severities = {rule["labels"]["severity"] for rule in rules()}
        receivers = {severity: harness.run(tool("amtool"), "config", "routes", "test", f"severity={severity}",
                                           f"--config.file={folder}/alertmanager.yaml").stdout.strip()
                     for severity in severities}
        self.assertEqual(receivers, {"page": "duty", "ticket": "tickets"})
        asked = {re.fullmatch(r'severity="(\w+)"', one)[1] for entry in route["routes"] for one in entry["matchers"]}
        self.assertLessEqual(asked, severities)

    def test_every_rule_is_tested_and_has_its_entry_in_the_runbook(self):
        tested = {case["name"] for case in
                  yaml.safe_load((MONITORING / "rules_test.yaml").read_text())["tests"]}
        entries = re.findall(r"^## (\w+)$", (MONITORING / "RUNBOOK.md").read_text(), re.MULTILINE)
        names = [rule["alert"] for rule in rules()]
        self.assertEqual(sorted(tested), sorted(names))
        self.assertEqual(sorted(entries), sorted(names))
        for rule in rules():
            self.assertEqual(rule["annotations"]["runbook"], f"RUNBOOK.md#{rule['alert'].lower()}")

    def test_every_entry_says_what_it_means_what_to_look_at_and_what_to_do(self):
        for entry in re.split(r"^## ", (MONITORING / "RUNBOOK.md").read_text(), flags=re.MULTILINE)[1:]:
            with self.subTest(entry=entry.split()[0]):
                self.assertEqual(re.findall(r"^\*\*(\w+)\*\*", entry, re.MULTILINE),
                                 ["Means", "Look", "Do"])


class DashboardTest(unittest.TestCase):
    """What can be seen of it without a Grafana to draw it."""

    def test_panels_lie_beside_each_other_within_the_page(self):
        taken = {}
        for panel in dashboard()["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for cell in itertools.product(range(place["x"], place["x"] + place["w"]),
                                          range(place["y"], place["y"] + place["h"])):
                self.assertNotIn(cell, taken, f"{panel['title']} lies on {taken.get(cell)}")
                taken[cell] = panel["title"]

    def test_each_panel_has_a_name_of_its_own_and_a_unit(self):
        panels = dashboard()["panels"]
        for key in ("id", "title"):
            self.assertEqual(len({panel[key] for panel in panels}), len(panels))
        self.assertEqual([panel["title"] for panel in panels
                          if not panel["fieldConfig"]["defaults"].get("unit")], [])


class LiveTest(unittest.TestCase):
    """One service and one Prometheus that scrapes it."""

    @classmethod
    def setUpClass(cls):
        harness.package()  # the programs are compiled with it
        cls.directory = harness.scratch("watch")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        addresses = cls.directory / "addresses.json"
        config = harness.ROOT / "deploy" / "config"
        tls = manifests.secrets() / "tls"
        cls.service = cls.spawn(harness.DAEMON, f"--config={config}/server.yaml",
                                "--listen.grpc=127.0.0.1:0", "--listen.metrics=127.0.0.1:0",
                                f"--listen.addresses_file={addresses}", f"--shadow.rules={config}/rules",
                                f"--redis.data_directory={cls.directory}/data",
                                f"--listen.tls_certificate={tls}/tls.crt",
                                f"--listen.tls_key={tls}/tls.key")
        listening = json.loads(harness.eventually(
            lambda: addresses.exists() and addresses.read_text(), "the service listens", 60))
        cls.metrics = listening["metrics"]
        environment = {"SUPERVISION_SERVER": listening["grpc"], "PATH": "/usr/bin:/bin",
                       "SUPERVISION_TLS_CA": f"{tls}/ca.crt"}

        def ctl(token, *words):
            return harness.run(harness.CTL, *words,
                               env={**environment, "SUPERVISION_TOKEN": token}).stdout

        ctl("example-operator-token", "status", "--wait", "60")
        receipt = json.loads(ctl("example-partner-token", "submit", *harness.CLUE, "--json"))["receipt"]
        ctl("example-reviewer-token", "review", "correct", receipt["clue_id"],
            "--scenario=judicial", "--risk=low", "--reason=test")
        ctl("example-handler-token", "ack", receipt["alert_id"])
        ctl("example-monitor-token", "watch", "--from", "earliest", "--count", "1")
        harness.eventually(lambda: not cls.missing_metrics(), "the page shows every metric of the "
                           f"sources; it lacks {cls.missing_metrics()}")
        cls.page = get(f"http://{cls.metrics}/metrics")
        cls.start_prometheus()

    @classmethod
    def missing_metrics(cls):
        """Some metrics come with their first value, a moment after the start."""
        page = get(f"http://{cls.metrics}/metrics")
        return metrics_of_the_sources() - set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))

    @classmethod
    def spawn(cls, *command):
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(lambda: (process.terminate(), process.wait(60)))
        return process

    @classmethod
    def start_prometheus(cls):
        settings = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
        settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        settings["rule_files"] = [str(MONITORING / "rules.yaml")]
        settings["scrape_configs"][0]["static_configs"] = [{"targets": [cls.metrics]}]
        (cls.directory / "prometheus.yaml").write_text(yaml.safe_dump(settings))
        port = harness.free_port()
        cls.prometheus = f"http://127.0.0.1:{port}/api/v1"
        cls.spawn(tool("prometheus"), f"--config.file={cls.directory}/prometheus.yaml",
                  f"--web.listen-address=127.0.0.1:{port}",
                  f"--storage.tsdb.path={cls.directory}/prometheus", "--log.level=error")

        def scraped_twice():
            try:
                return cls.query("count_over_time(up[1m]) >= 3")
            except OSError:
                return None

        harness.eventually(scraped_twice, "Prometheus has scraped the service", 60)

    @classmethod
    def query(cls, expression):
        answer = get(f"{cls.prometheus}/query?query=" + urllib.parse.quote(expression))
        return json.loads(answer)["data"]["result"]

    def test_every_metric_that_is_asked_for_exists(self):
        names = set(re.findall(r"^# TYPE (\S+)", self.page, re.MULTILINE)) | {"up"}
        figures = (harness.ROOT / "services/rpc/figures.cc").read_text()  # of GetStatus
        asked = [expr for _, expr in dashboard_queries()] + [rule["expr"] for rule in rules()]
        asked += re.findall(r'"(supervision_\w+)"', figures)
        missing = {name for expr in asked
                   for name in re.findall(r"\b(?:supervision|process)_\w+", expr)
                   if re.sub(r"_(bucket|sum|count)$", "", name) not in names and name not in names}
        self.assertEqual(missing, set())

    def test_every_panel_shows_something(self):
        empty = []
        for title, expr in dashboard_queries():
            result = self.query(expr)  # fails where Prometheus refuses the query
            # What only shows trouble may show nothing.
            if not result and "> 0" not in expr:
                empty.append(f"{title}: {expr}")
        self.assertEqual(empty, [])

    def test_every_curve_can_be_told_from_the_others_by_its_legend(self):
        for panel, target in ((panel, target) for panel in dashboard()["panels"]
                              for target in panel["targets"]):
            named = set(re.findall(r"{{\s*(\w+)\s*}}", target["legendFormat"]))
            for curve in self.query(as_asked(target["expr"])):
                with self.subTest(panel=panel["title"], legend=target["legendFormat"]):
                    labels = set(curve["metric"]) - {"__name__", "job"}
                    self.assertLessEqual(named, labels)
                    # The service, where only one is shown; all of them, where they are added up.
                    self.assertLessEqual(labels, named)

    def test_rules_are_evaluated_and_none_speaks_of_a_healthy_service(self):
        def evaluated():
            groups = json.loads(get(f"{self.prometheus}/rules"))["data"]["groups"]
            found = [rule for group in groups for rule in group["rules"]]
            return all(rule["health"] != "unknown" for rule in found) and found

        found = harness.eventually(evaluated, "Prometheus has evaluated the rules")
        self.assertEqual([rule["name"] for rule in found if rule["health"] != "ok"], [])
        self.assertEqual([rule["name"] for rule in found if rule["state"] == "firing"], [])

    def test_the_list_of_metrics_is_the_page_of_this_service(self):
        made = subprocess.run([MONITORING / "make_metrics"], input=self.page, text=True, check=True,
                              capture_output=True).stdout
        self.assertEqual((MONITORING / "metrics.md").read_text(), made,
                         "make it anew: deploy/monitoring/make_metrics says how")

    def test_every_metric_has_a_help_text(self):
        helped = set(re.findall(r"^# HELP (\S+) \S", self.page, re.MULTILINE))
        typed = set(re.findall(r"^# TYPE (\S+)", self.page, re.MULTILINE))
        self.assertEqual(typed - helped, set())


if __name__ == "__main__":
    unittest.main()
