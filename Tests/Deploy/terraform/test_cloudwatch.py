"""deploy/cloudwatch, and the alarms and graphs of deploy/terraform: what a real Prometheus makes of kvnode's metrics by the
configuration there, what the agent picks of that by its own, and what is asked for of CloudWatch. The agent itself was not at hand:
what it does with its configuration is done here as its documentation says."""

import http.server
import json
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.request

import pytest
import yaml

from terraform_cli import REPOSITORY

CLOUDWATCH = REPOSITORY / "deploy" / "cloudwatch"
RULES = REPOSITORY / "deploy" / "prometheus" / "rules"
DOCUMENTED = re.compile(r"^\| `(kvnode_\w+)` \| (counter|gauge|histogram) \| (.*?) \|", re.MULTILINE)
# Of labels that the configuration goes by, all that kvnode has; of others, one will do.
LABEL_VALUES = {
    "state": {"kvnode_engine_state": ["ok", "damaged", "full", "failed"], "kvnode_gossip_members": ["alive", "suspect", "down", "left"]},
    "code": {"kvnode_request_failures_total": [
        "quorum_not_reached", "deadline_exceeded", "overloaded", "shutting_down", "no_space", "internal", "layout_changing",
        "replica_damaged", "invalid_argument", "precondition_failed"]},
    "reason": {"kvnode_access_refusals_total": ["wrong_credential", "rate_limit"]},
    "outcome": {"kvnode_backups_total": ["complete", "failed"]},
}
PODS = ["kvnode-a-0", "kvnode-b-0", "kvnode-c-0"]


@pytest.fixture(scope="module")
def documented() -> dict[str, tuple[str, list[str]]]:
    """The type and the labels of each metric in docs/observability.md."""
    found = DOCUMENTED.findall((REPOSITORY / "docs" / "observability.md").read_text())
    assert len(found) > 80
    return {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in found}


def exposition(documented) -> str:
    lines = []
    for name, (kind, labels) in documented.items():
        lines.append(f"# TYPE {name} {kind}")
        suffix = "_count" if kind == "histogram" else ""
        for values in combinations(name, labels):
            told = ",".join(f'{label}="{value}"' for label, value in values.items())
            lines.append(f"{name}{suffix}{{{told}}} 1" if told else f"{name}{suffix} 1")
    return "\n".join(lines) + "\n"


def combinations(name: str, labels: list[str]) -> list[dict[str, str]]:
    made = [{}]
    for label in labels:
        values = LABEL_VALUES.get(label, {}).get(name, ["grpc", "peer"] if label == "protocol" else ["some"])
        made = [{**one, label: value} for one in made for value in values]
    return made


@pytest.fixture(scope="module")
def series(tmp_path_factory, documented) -> list[dict[str, str]]:
    """The labels of each series that is left of a scrape by deploy/cloudwatch/prometheus.yml."""
    text = exposition(documented).encode()

    class Node(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments):
            pass

    node = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
    threading.Thread(target=node.serve_forever, daemon=True).start()
    configuration = yaml.safe_load((CLOUDWATCH / "prometheus.yml").read_text().replace("RELEASE", "shop"))
    configuration["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (job,) = configuration["scrape_configs"]
    # Pods, as Kubernetes tells of them, and one that is none of kvnode's; without TLS.
    job |= {"scheme": "http", "metrics_path": "/metrics"}
    del job["kubernetes_sd_configs"], job["tls_config"]
    job["static_configs"] = [static(node, pod, "kvnode") for pod in PODS] + [static(node, "other-0", "other")]
    try:
        yield scraped(tmp_path_factory.mktemp("prometheus"), configuration)
    finally:
        node.shutdown()
        node.server_close()


def static(node, pod: str, name: str) -> dict:
    return {"targets": [f"127.0.0.1:{node.server_port}"], "labels": {
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": name,
        "__meta_kubernetes_pod_label_app_kubernetes_io_instance": "shop",
        "__meta_kubernetes_pod_container_port_name": "http",
        "__meta_kubernetes_pod_name": pod,
    }}


def scraped(folder: pathlib.Path, configuration: dict) -> list[dict[str, str]]:
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and prometheus.poll() is None:
            time.sleep(0.5)
            try:
                query = f"http://127.0.0.1:{port}/api/v1/series?match[]={{__name__=~%22kvnode_.%2B%22}}"
                found = json.load(urllib.request.urlopen(query, timeout=5))["data"]
            except OSError:
                continue
            if len({one["pod"] for one in found}) == len(PODS):
                return found
    finally:
        prometheus.terminate()
        prometheus.wait(timeout=30)
    raise AssertionError((folder / "log").read_text())


@pytest.fixture(scope="module")
def published(series) -> set[tuple[str, frozenset]]:
    """Each metric that comes to be in CloudWatch: its name, and its dimensions."""
    agent = json.loads((CLOUDWATCH / "agent.json").read_text().replace("CLUSTER", "kvnode"))
    prometheus = agent["logs"]["metrics_collected"]["prometheus"]
    made = set()
    for one in series:
        told = {**one, "ClusterName": prometheus["cluster_name"]}
        for declaration in prometheus["emf_processor"]["metric_declaration"]:
            source = ";".join(told.get(label, "") for label in declaration["source_labels"])
            if not re.search(declaration["label_matcher"], source):
                continue
            if any(re.search(selector, one["__name__"]) for selector in declaration["metric_selectors"]):
                made |= {(one["__name__"], frozenset((label, told[label]) for label in dimensions))
                         for dimensions in declaration["dimensions"] if set(dimensions) <= told.keys()}
    return made


@pytest.fixture(scope="module")
def observability(terraform) -> dict:
    """The module's locals, as Terraform itself works them out."""
    folder = "-chdir=modules/observability"
    terraform.run(folder, "init", "-input=false", "-no-color", "-backend=false")
    values = {
        "name": "kvnode", "region": "eu-central-1", "partition": "aws", "account": "123456789012", "cluster_name": "kvnode",
        "addon_version": None, "namespace": "kvnode", "release": "shop", "nodes": 3, "log_retention_days": 365,
        "logs_key_arn": "arn", "alarm_emails": {"page": [], "ticket": []},
    }
    (terraform.folder / "modules" / "observability" / "test.auto.tfvars.json").write_text(json.dumps(values))
    names = ["alarms", "graphs", "dimensions", "scrape_seconds", "metrics_namespace", "burn_bound"]
    question = "jsonencode({" + ", ".join(f"{name} = local.{name}" for name in names) + "})\n"
    done = terraform.run(folder, "console", stdin=question)
    return json.loads(json.loads(done.stdout))


def wanted(observability) -> set[tuple[str, frozenset]]:
    """Each metric that an alarm or a graph asks for."""
    asked = [(metric["name"], metric.get("labels", {}))
             for alarm in observability["alarms"].values() for metric in alarm["metrics"].values()]
    asked += [(name, labels) for graph in observability["graphs"] for name, _, _, labels in graph["metrics"]]
    # Of the alarms for the share of failures.
    asked += [("kvnode_request_failures_total", {}), ("kvnode_bucket_requests_total", {})]
    return {(name, frozenset({**observability["dimensions"], **labels}.items())) for name, labels in asked}


def test_all_that_is_asked_for_is_published_and_nothing_else(published, observability):
    """What is published is paid for."""
    assert wanted(observability) == published


def test_nothing_is_a_histogram(series, documented):
    """The agent drops them, and says so in its log alone."""
    assert {documented[one["__name__"]][0] for one in series} <= {"counter", "gauge"}


def test_requests_that_were_sent_on_count_once(series):
    failures = [one for one in series if one["__name__"] == "kvnode_request_failures_total"]
    assert {one["protocol"] for one in failures} == {"grpc"}


def test_failures_are_those_of_the_objectives(series):
    """The same that Prometheus's rules count."""
    rule = yaml.safe_load((RULES / "recording.yml").read_text())["groups"][1]["rules"][0]["expr"]
    counted = set(re.search(r'code=~"([^"]+)"', rule).group(1).split("|"))
    assert {one["code"] for one in series if one["__name__"] == "kvnode_request_failures_total"} == counted


def test_alarms_are_alerts_of_the_same_severity(observability):
    alerts = {rule["alert"]: rule["labels"]["severity"]
              for group in yaml.safe_load((RULES / "alerts.yml").read_text())["groups"] for rule in group["rules"]}
    assert {name: alarm["severity"] for name, alarm in observability["alarms"].items()}.items() <= alerts.items()
    # Each description names a chapter there.
    runbook = (REPOSITORY / "docs" / "runbook.md").read_text()
    assert set(observability["alarms"]) <= set(re.findall(r"^#+ (Kvnode\w+)$", runbook, re.MULTILINE))


def test_alarms_use_what_they_ask_for(observability):
    for name, alarm in observability["alarms"].items():
        used = set(re.findall(r"\b[a-z]+\b", alarm["expression"]))
        assert used == set(alarm["metrics"]), name
        assert ("above" in alarm) != ("below" in alarm), name


def test_bound_of_failures_is_that_of_the_objectives(observability):
    rules = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"]
    (burn,) = [rule for group in rules for rule in group["rules"] if rule["alert"] == "KvnodeFailuresBurnFast"]
    assert f"> {observability['burn_bound'] / 0.001:g} * 0.001" in burn["expr"]


def test_interval_is_the_one_that_alarms_count_on(observability):
    configuration = yaml.safe_load((CLOUDWATCH / "prometheus.yml").read_text())
    assert configuration["global"]["scrape_interval"] == f"{observability['scrape_seconds']}s"


def manifests(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([CLOUDWATCH / "manifests", *arguments], text=True, capture_output=True)


def test_manifests_are_for_the_cluster_that_is_named():
    text = manifests("eu-west-1", "prod", "shop-ns", "shop").stdout
    assert not re.search(r"\b(REGION|CLUSTER|NAMESPACE|RELEASE)\b", text)
    objects = {one["kind"]: one for one in yaml.safe_load_all(text) if one["kind"] != "ConfigMap"}
    assert {one["metadata"]["namespace"] for one in objects.values()} == {"shop-ns"}
    assert objects["RoleBinding"]["subjects"][0]["namespace"] == "shop-ns"
    agents = [json.loads(one["data"]["agent.json"]) for one in yaml.safe_load_all(text) if "agent.json" in one.get("data", {})]
    (agent,) = agents
    assert agent["agent"]["region"] == "eu-west-1"
    assert agent["logs"]["metrics_collected"]["prometheus"]["log_group_name"] == "/aws/containerinsights/prod/prometheus"
    assert objects["Role"]["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]


def test_the_agent_may_no_more_than_it_needs():
    """Pod Security `restricted`."""
    (deployment,) = [one for one in yaml.safe_load_all(manifests("eu-west-1", "prod").stdout) if one["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def test_the_agent_presents_a_token_where_nodes_know_users():
    def asks(*options: str) -> dict:
        text = manifests(*options, "eu-west-1", "prod", "shop-ns", "shop").stdout
        (found,) = [one["data"]["prometheus.yml"] for one in yaml.safe_load_all(text) if "prometheus.yml" in one.get("data", {})]
        return yaml.safe_load(found)["scrape_configs"][0]

    assert asks("--users").pop("authorization") == {"type": "Bearer", "credentials_file": "/etc/kvnode-tokens/metrics"}
    assert "authorization" not in asks()


@pytest.mark.parametrize("arguments", [[], ["--users"], ["eu-west-1"], ["eu-west-1", "a/b"], ["eu-west-1", "prod", "n", "r", "x"]])
def test_manifests_refuse_what_is_wrong(arguments):
    done = manifests(*arguments)
    assert done.returncode == 64 and done.stdout == "" and done.stderr
