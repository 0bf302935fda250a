#!/usr/bin/env python3
"""Stands for kubectl where upgrade, scale and users in deploy/kubernetes call it: knows what they ask, and nothing else."""

import base64
import hashlib
import json
import os
import pathlib
import sys
import time

from pods import Pods


def main(arguments: list[str]) -> int:
    folder = pathlib.Path(os.environ["PODS"])
    pods = Pods(folder, json.loads((folder / "objects.json").read_text()))
    assert arguments[:2] == ["--namespace", "kvnode"], arguments
    match arguments[2:]:
        case ["get", "statefulsets", "--selector", _, "--output", _]:
            print("\n".join(pods.sets))
        case ["get", "pods", "--selector", selector, "--output", _]:
            zone = dict(part.split("=") for part in selector.split(",")).get("kvnode.io/zone", "")
            print("\n".join(name for name in pods.state()["pods"] if pods.set_of(name).endswith(zone)))
        case ["get", "statefulset", name, "--output", path]:
            known, one = pods.state()["sets"][name], pods.sets[name]
            print({
                'jsonpath={.metadata.generation} {.status.observedGeneration}{"\\n"}': "2 2\n",
                "jsonpath={.status.updateRevision}": known["revision"],
                "jsonpath={.spec.replicas}": known["replicas"],
                "jsonpath={.spec.serviceName}": one["spec"]["serviceName"],
                "jsonpath={.metadata.labels.kvnode\\.io/zone}": one["metadata"]["labels"]["kvnode.io/zone"],
                'jsonpath={.spec.template.spec.volumes[?(@.name=="nodes")].configMap.items[*].path}': " ".join(
                    item["path"] for volume in one["spec"]["template"]["spec"]["volumes"] if volume["name"] == "nodes"
                    for item in volume["configMap"]["items"]),
            }[path], end="")
        case ["get", "pod", name, *_, "--output", path]:
            pod = pods.state()["pods"].get(name, {})
            print(pod.get({
                "jsonpath={.metadata.uid}": "uid",
                "jsonpath={.metadata.labels.controller-revision-hash}": "revision",
            }[path], ""), end="")
        case ["get", "secret", name, *_, "--output", path]:
            file = pods.folder / "etc/secrets" / name / "users.yaml"
            if file.exists():
                known = file.read_bytes()
                print({
                    "jsonpath={.metadata.resourceVersion}": hashlib.sha256(known).hexdigest(),
                    "jsonpath={.data.users\\.yaml}": base64.b64encode(known).decode(),
                }[path], end="")
        case ["create", "secret", "generic", name, *files, "--dry-run=client", "--output", "yaml"]:
            paths = [pathlib.Path(file.removeprefix("--from-file=")) for file in files]
            print(json.dumps({"metadata": {"name": name}, "data": {
                path.name: base64.b64encode(path.read_bytes()).decode() for path in paths}}))
        case ["apply", "--server-side", "--filename", "-"] | ["create", "--filename", "-"] | ["replace", "--filename", "-"]:
            pods.keep_secret(json.load(sys.stdin))
        case ["exec", name, "--container", "kvnode", "--", "kvnode", *command]:
            return pods.run(name, *command).returncode
        case ["create", "--raw", path, "--filename", "-"]:
            eviction = json.load(sys.stdin)
            name = eviction["metadata"]["name"]
            assert path == f"/api/v1/namespaces/kvnode/pods/{name}/eviction" and eviction["kind"] == "Eviction"
            with open(pods.folder / "evictions", "a") as record:
                record.write(f"{name}\n")
            pods.evict(name)
        case ["wait", "pod", name, condition, "--timeout=1h"]:
            assert condition == "--for=condition=Ready", condition
            while pods.run(name, "cluster", "status", capture_output=True).returncode not in (0, 2):
                time.sleep(0.2)
        case ["scale", "statefulset", name, "--replicas", replicas]:
            pods.scale(name, int(replicas))
        case other:
            print(f"the double of kubectl does not know {other}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
