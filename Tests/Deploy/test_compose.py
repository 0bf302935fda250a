"""deploy/docker/compose.yaml: that its parts fit together. Docker is not at hand."""

import re

import yaml
from support import REPOSITORY

FOLDER = REPOSITORY / "deploy/docker"


def test_files_are_there_and_volumes_declared():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (FOLDER / source).exists(), f"{name}: {source}"
            elif not source.startswith("/"):
                assert source in compose["volumes"], f"{name}: {source}"
        assert service.get("depends_on", {}).keys() <= compose["services"].keys(), name


def test_ports_are_for_this_machine_alone():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_nodes_are_the_members_and_are_scraped():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    nodes = {name: service["environment"] for name, service in compose["services"].items() if service["image"].startswith("kvnode:")}
    members = nodes["node0"]["KVNODE_CLUSTER_MEMBERS"].split(",")
    assert members == [f"{name}@{name}:7401" for name in nodes]
    assert [values["KVNODE_ENGINE_TYPE"] for values in nodes.values()] == ["rocksdb", "leveldb", "lmdb"]
    targets, = yaml.safe_load((FOLDER / "prometheus-targets/compose.yml").read_text())
    assert targets["targets"] == [f"{name}:7402" for name in nodes]


def test_images_have_one_version():
    """The program's own, wherever an image of it is named."""
    version = re.search(r'current = "([^"]+)"', (REPOSITORY / "Sources/kvnode/Kvnode.swift").read_text())[1]
    named = {}
    for folder in ("docker", "kubernetes", "helm"):
        for path in (REPOSITORY / "deploy" / folder).rglob("*.y*ml"):
            for tag in re.findall(r"(?:image: kvnode:|newTag: )(\S+)|^(?:app)?[vV]ersion: (\S+)", path.read_text(), re.M):
                named[path.name] = tag[0] or tag[1]
    assert set(named.values()) == {version}, named
