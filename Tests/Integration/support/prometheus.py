"""A real Prometheus with the rules of deploy/prometheus, which scrapes nodes under test."""

import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable

import requests
import yaml

from .cluster import Cluster
from .ports import free_port
from .waiting import eventually

DEPLOY = pathlib.Path(__file__).resolve().parents[3] / "deploy"
# What windows of minutes become, so that a test sees an alert begin and end.
WINDOW = "5s"
# What may be true of the machine rather than of the nodes: how full its disk is, how fast others fill it, and how much else it does.
OF_THE_MACHINE = {"KvnodeDiskFills", "KvnodeLatencyBurnsFast", "KvnodeLatencyBurnsSlowly"}


class Prometheus:
    """Scrapes each second. Its alerts wait for nothing, and what they look back on is seconds instead of minutes or hours.

    `bounds` puts others, which a test can reach, in the place of what alerts compare with.
    """

    def __init__(
        self, directory: pathlib.Path, clusters: list[Cluster], others: list[dict] = (), bounds: dict[str, str] | None = None
    ):
        self.directory, self.port = directory, free_port()
        self._node_counts: dict[str, int] = {}
        shutil.copytree(DEPLOY / "prometheus", directory)
        configuration = yaml.safe_load((directory / "prometheus.yml").read_text())
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        job, = configuration["scrape_configs"]
        if clusters[0][0].authority is not None:
            job |= {"scheme": "https", "tls_config": {"ca_file": str(clusters[0][0].authority.trust)}}
        configuration["scrape_configs"] += others
        (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        (directory / "targets/dev.yml").unlink()
        for number, cluster in enumerate(clusters):
            self.watch(f"c{number}", cluster)
        for rules in (directory / "rules").iterdir():
            text = re.sub(r"for: \d+m", "for: 0s", rules.read_text())
            text = re.sub(r"\[\d+[mh]\]", f"[{WINDOW}]", text)
            for bound, reached in (bounds or {}).items():
                if rules.name == "alerts.yml":
                    assert text.count(bound) == 1, f"{bound} is compared with {text.count(bound)} times"
                    text = text.replace(bound, reached)
            rules.write_text(text)
        self._start()

    def watch(self, name: str, cluster: Cluster) -> None:
        """Has it scrape the nodes of `cluster` there are now."""
        targets = [{"targets": [f"127.0.0.1:{node.http_port}" for node in cluster.nodes], "labels": {"cluster": name}}]
        (self.directory / f"targets/{name}.yml").write_text(yaml.safe_dump(targets))
        self._node_counts[name] = len(cluster.nodes)

    def _start(self) -> None:
        with open(self.directory / "prometheus.log", "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", "prometheus", f"--config.file={self.directory}/prometheus.yml",
                 f"--storage.tsdb.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        eventually(lambda: self._get("/-/ready").ok, "Prometheus")

    def stop(self) -> None:
        # What it has stored goes with the test, and the nodes are still to be stopped.
        self.process.kill()
        self.process.wait()

    def _get(self, path: str, **parameters) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", params=parameters, timeout=10)

    def ask(self, expression: str) -> list[dict]:
        """What an expression gives now."""
        answer = self._get("/api/v1/query", query=expression).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        return answer["data"]["result"]

    def rules_health(self) -> set[str]:
        """What has become of the rules' last evaluations."""
        groups = self._get("/api/v1/rules").json()["data"]["groups"]
        return {rule["health"] for group in groups for rule in group["rules"]}

    def firing(self) -> set[tuple[str, str]]:
        """Alerts that fire, each with the instance or the cluster that it is about."""
        return {
            (one["labels"]["alertname"], one["labels"].get("instance", one["labels"].get("cluster", "")))
            for one in self._get("/api/v1/alerts").json()["data"]["alerts"] if one["state"] == "firing"}

    def faults(self) -> set[tuple[str, str]]:
        """Those of them that are of the nodes' own making."""
        return {(alert, subject) for alert, subject in self.firing() if alert not in OF_THE_MACHINE}

    def fires(self, alert: str, subject: str, seconds: float = 40, cause: Callable[[], object] = lambda: None) -> None:
        """Waits until it does. `cause` is done again before each look: what happens once may be over before two scrapes show it."""
        def looks() -> bool:
            cause()
            return (alert, subject) in self.firing()

        eventually(looks, f"the alert {alert} of {subject}", seconds)

    def is_over(self, alert: str, subject: str, seconds: float = 60) -> None:
        eventually(lambda: (alert, subject) not in self.firing(), f"the end of the alert {alert} of {subject}", seconds)

    def is_quiet(self, seconds: float = 60) -> None:
        """Waits until it has seen enough of every node to compare, and finds fault with none.

        Not at once: where the machine has a node wait for longer than a scrape may take, its alerts, which wait for nothing here,
        tell of that for a moment.
        """
        def looks() -> bool:
            seen = self.ask(f'sum_over_time(up{{job="kvnode"}}[{WINDOW}]) > 1')
            assert len(seen) == sum(self._node_counts.values()), f"scraped twice: {seen}"
            faults = self.faults()
            assert not faults, faults
            return True

        eventually(looks, "the end of all alerts", seconds)
