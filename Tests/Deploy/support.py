"""What is in deploy/, as the tools see it: kustomize's and Helm's output as objects."""

import functools
import os
import pathlib
import re
import subprocess

import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = REPOSITORY / "deploy/kubernetes"
CHART = REPOSITORY / "deploy/helm/kvnode"
BINARY = pathlib.Path(os.environ.get("KVNODE_BINARY", REPOSITORY / ".build/release/kvnode"))
# Every kustomization that is built for itself.
BUILDS = ["base", "overlays/dev", "overlays/prod-rocksdb", "overlays/prod-leveldb", "overlays/prod-lmdb", "benchmark"]
# By the name that deploy/terraform gives it.
KMS_KEY = "alias/kvnode-volumes"
# What the chart's defaults lack of the overlays for production.
PRODUCTION = {
    "backup": {"to": "s3://kvnode-backups-123456789012-eu-central-1/kvnode", "region": "eu-central-1"},
    "monitoring": {"enabled": True},
    "access": {"enabled": True},
    "storage": {"size": "500Gi", "kmsKeyId": KMS_KEY},
    "resources": {"requests": {"cpu": "3", "memory": "12Gi"}, "limits": {"memory": "12Gi"}},
}


def run(*command: str | pathlib.Path, **options) -> str:
    """The output of a command that succeeds."""
    ended = subprocess.run(command, capture_output=True, text=True, **options)
    assert ended.returncode == 0, f"{command} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout


@functools.cache
def _kustomized(name: str) -> str:
    return run("kubectl", "kustomize", KUBERNETES / name)


def kustomize(name: str) -> list[dict]:
    return list(yaml.load_all(_kustomized(name), Loader=yaml.CSafeLoader))


def rendered(values: dict | None = None, name: str = "kvnode", namespace: str = "kvnode") -> list[dict]:
    """The chart's objects, tests included."""
    from helm_python import Chart

    texts = Chart.load(str(CHART)).render(values or {}, name=name, namespace=namespace)
    objects = []
    for path, text in texts.items():
        if not path.endswith(".txt"):
            objects += [one for one in yaml.safe_load_all(text) if one]
    return objects


def of_kind(objects: list[dict], kind: str) -> dict[str, dict]:
    """Those of a kind, by name."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def pod_specs(objects: list[dict]) -> dict[str, dict]:
    """The pods that there will be, by kind and name."""
    specs = {}
    for one in objects:
        spec = one.get("spec", {})
        if one["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if one["kind"] == "Pod":
            specs[f"Pod/{one['metadata']['name']}"] = spec
        elif "template" in spec:
            specs[f"{one['kind']}/{one['metadata']['name']}"] = spec["template"]["spec"]
    return specs


def containers(spec: dict) -> list[dict]:
    return spec.get("initContainers", []) + spec["containers"]


def settings(objects: list[dict], name: str) -> dict:
    """The data of the ConfigMap `name`, whose own name may end with a hash of it."""
    found = [one for known, one in of_kind(objects, "ConfigMap").items() if re.fullmatch(rf"{name}(-[a-z0-9]{{10}})?", known)]
    assert len(found) == 1, f"{name}: {len(found)}"
    return found[0]["data"]


def environment(objects: list[dict], container: dict, pod: str) -> dict[str, str]:
    """What the kubelet would set in a container of the pod, by its rules for $(NAME)."""
    values: dict[str, str] = {}
    for source in container.get("envFrom", []):
        name = re.sub(r"-[a-z0-9]{10}$", "", source["configMapRef"]["name"])
        values |= settings(objects, name)
    fields = {
        "metadata.name": pod,
        "metadata.uid": "11111111-2222-3333-4444-555555555555",
        "metadata.labels['batch.kubernetes.io/job-name']": "kvnode-backup-29401980",
        "metadata.labels['apps.kubernetes.io/pod-index']": pod.rsplit("-", 1)[-1],
    }
    for one in container.get("env", []):
        text = fields[one["valueFrom"]["fieldRef"]["fieldPath"]] if "valueFrom" in one else one["value"]
        values[one["name"]] = re.sub(r"\$\((\w+)\)", lambda match: values.get(match[1], match[0]), text)
    return values
