"""deploy/jaeger: that its files fit together. Jaeger itself is not at hand."""

import pathlib

import pytest
import yaml

from support.cluster import REPOSITORY


def documents(name: str) -> list[dict]:
    return list(yaml.safe_load_all((REPOSITORY / "deploy/jaeger" / name).read_text()))


@pytest.mark.parametrize("name", ["local.yaml", "kubernetes/config.yaml"])
def test_jaeger_uses_what_it_is_told_of(name):
    """Each part that a pipeline or an extension names is there, and none is left over."""
    configuration, = documents(name)
    service = configuration["service"]
    pipeline, = service["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert sorted(pipeline[kind]) == sorted(configuration[kind])
    assert sorted(service["extensions"]) == sorted(configuration["extensions"])
    store, = configuration["extensions"]["jaeger_storage"]["backends"]
    assert configuration["extensions"]["jaeger_query"]["storage"]["traces"] == store
    assert configuration["exporters"]["jaeger_storage_exporter"]["trace_storage"] == store


def test_jaeger_on_kubernetes_listens_where_it_is_asked():
    configuration, = documents("kubernetes/config.yaml")
    pod, service, policy = documents("kubernetes/jaeger.yaml")
    container, = pod["spec"]["template"]["spec"]["containers"]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    listening = {
        f"otlp-{name}": int(one["endpoint"].rsplit(":", 1)[1])
        for name, one in configuration["receivers"]["otlp"]["protocols"].items()}
    listening["health"] = int(configuration["extensions"]["healthcheckv2"]["http"]["endpoint"].rsplit(":", 1)[1])
    assert listening.items() <= ports.items()
    for one in service["spec"]["ports"]:
        assert ports[one["targetPort"]] == one["port"]
    assert {one["port"] for rule in policy["spec"]["ingress"] for one in rule["ports"]} <= ports.keys()
    labels = pod["spec"]["template"]["metadata"]["labels"]
    for selector in (pod["spec"]["selector"], policy["spec"]["podSelector"]):
        assert selector["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    kustomization, = documents("kubernetes/kustomization.yaml")
    folder = REPOSITORY / "deploy/jaeger/kubernetes"
    named = kustomization["resources"] + kustomization["configMapGenerator"][0]["files"]
    assert all((folder / pathlib.Path(name)).exists() for name in named)
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["args"] == ["--config", f"{mounted['config']}/config.yaml"]
    directories = configuration["extensions"]["jaeger_storage"]["backends"]["badger"]["badger"]["directories"]
    assert all(path.startswith(mounted["data"] + "/") for path in directories.values())
