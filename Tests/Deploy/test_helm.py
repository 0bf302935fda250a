"""deploy/helm/kvnode: that the chart is sound, refuses what is wrong, and says the same as deploy/kubernetes."""

import json
import re

import helm_python
import pytest
import yaml
from helm_python import Chart, HelmError
from support import BINARY, CHART, KMS_KEY, PRODUCTION, environment, kustomize, of_kind, pod_specs, rendered, run, settings

CUSTOM = {"cert-manager.io/v1", "monitoring.coreos.com/v1"}
VALUES = {
    "default": {},
    "production": PRODUCTION,
    "plain": {"tls": {"enabled": False}, "storage": {"createClass": False}, "nodeSelector": None, "tolerations": None},
    # As deploy/terraform gives them.
    "terraform": {
        "engine": {"type": "lmdb"}, "image": {"repository": "123456789012.dkr.ecr.us-east-1.amazonaws.com/kvnode"},
        "replicas": 6, "zones": ["us-east-1a", "us-east-1b", "us-east-1c"], "serviceAccount": {"name": "kvnode"},
        "resources": {"requests": {"cpu": "3", "memory": "12Gi"}, "limits": {"memory": "12Gi"}}, "access": {"enabled": True},
        "storage": {"className": "kvnode-gp3", "size": "200Gi", "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/k"},
        "backup": {"to": "s3://kvnode-backups-123456789012-us-east-1/nodes", "region": "us-east-1"},
    },
}


@pytest.fixture(params=VALUES)
def values(request) -> dict:
    return VALUES[request.param]


def test_lint_has_nothing_to_say():
    result = helm_python.lint(str(CHART))
    assert not result["errors"]
    assert [one for one in result["messages"] if "icon" not in one["error"]] == []


def test_objects_are_valid(values):
    from kubernetes_validate import validate

    objects = rendered(values)
    assert objects
    for one in objects:
        if one["apiVersion"] not in CUSTOM:
            validate(one, "1.35", strict=True)


@pytest.mark.parametrize("wrong, said", [
    ({"engine": {"type": "memory"}}, "engine"),
    ({"engin": {"type": "lmdb"}}, "engin"),
    ({"replicas": 4}, "share equally"),
    ({"replicas": 12}, "maxNodesPerZone"),
    ({"storage": {"size": "100G"}}, "size"),
    ({"backup": {"to": "s3://bucket/kvnode"}}, "region"),
    ({"settings": {"Engine": 1}}, "Engine"),
])
def test_what_is_wrong_is_refused(wrong, said):
    with pytest.raises(HelmError, match=said):
        chart = Chart.load(str(CHART))
        # As helm does before it renders.
        chart.validate_schema(chart.merge_values(wrong))
        rendered(wrong)


def test_schema_knows_each_value():
    """And no other."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for name, value in values.items():
        part = schema["properties"][name]
        if "properties" in part:
            assert value.keys() == part["properties"].keys(), name
    assert schema["properties"].keys() - values.keys() == {"global"}


@pytest.mark.skipif(not BINARY.exists(), reason="no kvnode: build it, or name it in KVNODE_BINARY")
def test_nodes_understand_their_settings(values, tmp_path):
    objects = rendered({**values, "settings": {"engine.row_cache_bytes": 2147483648, "tracing.sample_ratio": 0.25}})
    for name, one in of_kind(objects, "StatefulSet").items():
        container = one["spec"]["template"]["spec"]["containers"][0]
        for key, index in (("founder.yaml", 0), ("joiner.yaml", 1)):
            (tmp_path / "node.yaml").write_text(settings(objects, "kvnode-nodes")[key])
            shown = run(BINARY, "config", env=environment(objects, container, f"{name}-{index}") | {
                "KVNODE_CONFIG": str(tmp_path / "node.yaml")})
            assert re.search(r"row_cache_bytes: 2147483648 ", shown)
            assert re.search(r'sample_ratio: "?0.25"? ', shown)


def test_the_map_of_lmdb_comes_of_the_volume():
    data = settings(rendered(VALUES["terraform"]), "kvnode-settings")
    assert int(data["KVNODE_ENGINE_LMDB_MAP_SIZE_BYTES"]) == 200 * 2**30 * 9 // 10


def test_another_setting_is_another_pod():
    first, second = (of_kind(rendered(values), "StatefulSet")["kvnode-a"]["spec"]["template"] for values in (
        {}, {"settings": {"requests.hedge_ms": 30}}))
    assert first != second


def test_names_follow_the_release():
    objects = rendered(name="carts", namespace="shop")
    names = {one["metadata"]["name"] for one in objects}
    assert not [name for name in names if name.startswith("kvnode") and name not in ("kvnode", "kvnode-gp3")]
    assert of_kind(objects, "Certificate")["carts-b-1"]["spec"]["uris"] == ["kvnode://carts/node/carts-b-1"]
    assert yaml.safe_load(settings(objects, "carts-nodes")["founder.yaml"])["cluster"]["name"] == "carts"


def test_the_test_puts_and_gets_one_key():
    pod, = of_kind(rendered(), "Pod").values()
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    put, get = pod["spec"]["initContainers"][0]["args"], pod["spec"]["containers"][0]["args"]
    assert (put[0], get[0]) == ("put", "get")
    assert put[1] == get[1]


# What the two may differ in: how a change of the configuration becomes one of the pod, the pull policy, comments in files.
def in_substance(objects: list[dict]) -> dict[tuple, dict]:
    found = {}
    for one in json.loads(re.sub(r"(kvnode-(?:nodes|settings))-[a-z0-9]{10}\b", r"\1", json.dumps(objects))):
        one["metadata"].pop("namespace", None)
        if one["kind"] in ("ConfigMap", "PodMonitor"):
            one["metadata"].pop("labels", None)
        if one["kind"] == "ConfigMap":
            one["data"] = {
                name: yaml.safe_load(text) if name.endswith(".yaml") else text for name, text in one["data"].items()}
        if one["kind"] == "StatefulSet":
            one["spec"]["template"]["metadata"]["annotations"].pop("checksum/configuration", None)
        for spec in pod_specs([one]).values():
            for container in spec.get("initContainers", []) + spec["containers"]:
                container.pop("imagePullPolicy", None)
                if "env" in container:
                    container["env"].sort(key=lambda variable: variable["name"])
        found[one["kind"], one["metadata"]["name"]] = one
    return found


@pytest.mark.parametrize("name, values", [
    ("base", {"storage": {"kmsKeyId": KMS_KEY}}),
    ("overlays/prod-rocksdb", PRODUCTION | {"settings": {
        "engine.rocksdb.block_cache_bytes": 4294967296, "engine.row_cache_bytes": 2147483648}}),
    ("overlays/prod-leveldb", PRODUCTION | {"engine": {"type": "leveldb"}, "settings": {
        "engine.leveldb.block_cache_bytes": 4294967296, "engine.row_cache_bytes": 2147483648}}),
    ("overlays/prod-lmdb", PRODUCTION | {"engine": {"type": "lmdb"}}),
])
def test_chart_and_manifests_say_the_same(name, values):
    manifests, chart = in_substance(kustomize(name)), in_substance(rendered(values))
    # Helm's user makes the namespace; kustomize's has no tests.
    del manifests["Namespace", "kvnode"], chart["Pod", "kvnode-put-and-get"]
    assert chart.keys() == manifests.keys()
    for key, one in manifests.items():
        assert chart[key] == one, key
