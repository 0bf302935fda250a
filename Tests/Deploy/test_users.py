"""Users of a deployment for production: made by deploy/kubernetes/users, and what comes of them in the pods, as processes."""

import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
from pods import Pods, wait_until
from support import BINARY, containers, environment, of_kind
from test_operations import call, made, status

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason="no kvnode: build it, or name it in KVNODE_BINARY"),
    pytest.mark.skipif(os.geteuid() != 0, reason="each pod has a file of hosts of its own, which takes root to mount"),
]


@pytest.fixture
def pods(tmp_path):
    there = made(tmp_path, "overlays/prod-rocksdb")
    ended = call(there, "users", "first")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    there.prepare()
    try:
        wait_until(lambda: status(there, "kvnode-a-0") == 0, there)
        yield there
    finally:
        there.end()


def client(pods: Pods, token: str, *arguments: str) -> subprocess.CompletedProcess:
    """An application, with a certificate, and a token or none."""
    variables = {name: value for name, value in pods.environment("kvnode-a-0").items() if name != "KVNODE_TOKEN_FILE"}
    return subprocess.run(
        pods.in_its_place([BINARY, *arguments]), env=variables | ({"KVNODE_TOKEN": token} if token else {}),
        capture_output=True, text=True)


def token(pods: Pods, name: str) -> str:
    return (pods.folder / "etc/secrets/kvnode-tokens" / name).read_text().strip()


def test_nodes_know_whom_they_serve(pods):
    assert "there are users already" in call(pods, "users", "first").stderr
    assert client(pods, "", "put", "key", "value", "--bucket", "carts").returncode == 1
    # helm test
    test = token(pods, "test")
    assert client(pods, test, "put", "key", "value", "--bucket", "helm-test").returncode == 0
    assert client(pods, test, "put", "key", "value", "--bucket", "carts").returncode == 1
    # An application's, made while the nodes run.
    added = call(pods, "users", "add", "alice", "--no-password", "--grant", "write:carts*")
    assert added.returncode == 0, added.stdout + added.stderr
    alice = call(pods, "users", "token", "alice", "app").stdout.strip()
    assert re.fullmatch(r"kvnode_[\w-]+", alice)
    wait_until(lambda: client(pods, alice, "put", "key", "value", "--bucket", "carts").returncode == 0, pods)
    assert client(pods, alice, "cluster", "status").returncode == 1
    # The deployment's own are among them still.
    assert {"admin", "metrics", "test", "alice"} <= set(re.findall(r"\w+", call(pods, "users", "list").stdout))
    assert client(pods, token(pods, "admin"), "cluster", "status").returncode == 0


def test_a_scrape_needs_its_token(pods):
    """As the PodMonitor has it: by the address of a pod, with a client's certificate."""
    files = pods.folder / "etc/tls/kvnode-client"
    context = ssl.create_default_context(cafile=files / "ca.crt")
    context.check_hostname = False
    context.load_cert_chain(files / "tls.crt", files / "tls.key")
    url = f"https://{pods.state()['addresses']['kvnode-a-0']}:7402/metrics"
    monitor, = of_kind(pods.objects, "PodMonitor").values()
    endpoint, = monitor["spec"]["podMetricsEndpoints"]
    credentials = endpoint["authorization"]["credentials"]
    assert credentials["name"] == "kvnode-tokens"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token(pods, credentials['key'])}"})
    with urllib.request.urlopen(request, context=context) as answer:
        assert b"kvnode_ready" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, context=context)


def test_the_nightly_job_may_back_up(pods):
    """The command and the environment of the CronJob, but for where the backup goes; another try of a whole one changes nothing."""
    job, = of_kind(pods.objects, "CronJob").values()
    create = containers(job["spec"]["jobTemplate"]["spec"]["template"]["spec"])[0]
    values = environment(pods.objects, create, "kvnode-backup-29401980-x2x4x")
    folder = pods.folder / "etc"
    values = {name: value.replace("/etc/kvnode/tls/", f"{folder}/tls/kvnode-client/").replace("/etc/kvnode", str(folder))
              for name, value in values.items()}
    values["KVNODE_BACKUP_TO"] = f"file://{pods.folder}/archive"
    arguments = [re.sub(r"\$\((\w+)\)", lambda match: values[match[1]], word) for word in create["args"]]

    def back_up() -> subprocess.CompletedProcess:
        return subprocess.run(
            pods.in_its_place([BINARY, *arguments, "--to", values["KVNODE_BACKUP_TO"]]), env=values, capture_output=True, text=True)

    first = back_up()
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.count("backup kvnode-backup-29401980 is complete") == 3
    again = back_up()
    assert (again.returncode, "already" in again.stderr) == (5, True)
    del values["KVNODE_TOKEN_FILE"]
    assert back_up().returncode == 1
