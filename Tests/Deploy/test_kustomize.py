"""deploy/kubernetes: that what kustomize builds is valid, safe, and what the node understands."""

import subprocess

import pytest
import yaml

from support import BINARY, BUILDS, KUBERNETES, REPOSITORY, containers, environment, kustomize, of_kind, pod_specs, run, settings

# Of the custom resources there are no schemas at hand.
CUSTOM = {"cert-manager.io/v1", "monitoring.coreos.com/v1"}
ZONES = {"a": "eu-central-1a", "b": "eu-central-1b", "c": "eu-central-1c"}
needs_binary = pytest.mark.skipif(not BINARY.exists(), reason="no kvnode: build it, or name it in KVNODE_BINARY")


@pytest.fixture(scope="module", params=BUILDS)
def build(request) -> list[dict]:
    return kustomize(request.param)


@pytest.fixture(scope="module")
def base() -> list[dict]:
    return kustomize("base")


def test_manifests_are_in_step():
    run(REPOSITORY / "scripts/manifests", "--check")


def test_objects_are_valid(build):
    from kubernetes_validate import validate

    for one in build:
        if one["apiVersion"] not in CUSTOM:
            validate(one, "1.35", strict=True)


def test_names_are_found(build):
    """Each ConfigMap, Secret and account that a pod names is there, or made by a Certificate that is."""
    there = {("configMap", name) for name in of_kind(build, "ConfigMap")}
    there |= {("secret", one["spec"]["secretName"]) for one in of_kind(build, "Certificate").values()}
    there |= {("account", name) for name in of_kind(build, "ServiceAccount")} | {("account", "default")}
    # The benchmark comes beside the default deployment.
    there |= {("account", name) for name in of_kind(kustomize("base"), "ServiceAccount")}
    # Made by deploy/kubernetes/users, before all else.
    there |= {("secret", "kvnode-users"), ("secret", "kvnode-tokens")}
    for name, spec in pod_specs(build).items():
        named = {("account", spec.get("serviceAccountName", "default"))}
        for volume in spec.get("volumes", []):
            if "configMap" in volume:
                named.add(("configMap", volume["configMap"]["name"]))
            if "secret" in volume:
                named.add(("secret", volume["secret"]["secretName"]))
            named |= {("secret", source["secret"]["name"]) for source in volume.get("projected", {}).get("sources", [])}
        for container in containers(spec):
            named |= {("configMap", source["configMapRef"]["name"]) for source in container.get("envFrom", [])}
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted <= {volume["name"] for volume in spec.get("volumes", [])} | {"data"}, name
        assert named <= there, name


def test_pods_are_restricted(build):
    """What Pod Security's level `restricted` asks for, and more: nobody has a token, and no file system can be written."""
    for name, spec in pod_specs(build).items():
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in containers(spec):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}, name
            assert container["resources"]["limits"]["memory"] and container["resources"]["requests"]["cpu"], name
            assert not container["image"].endswith(":latest") and ":" in container["image"], name
    for one in of_kind(build, "ServiceAccount").values():
        assert one["automountServiceAccountToken"] is False
    assert not {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} & {one["kind"] for one in build}


def test_a_start_leaves_the_data_its_identity(build):
    """A node takes its data for a copy once the owner of its files was changed."""
    for one in of_kind(build, "StatefulSet").values():
        assert one["spec"]["template"]["spec"]["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


def test_nodes_are_spread(base):
    """A StatefulSet for each zone, whose pods share no machine; and no constraint that would count each pod by itself."""
    sets = of_kind(base, "StatefulSet")
    assert sets.keys() == {f"kvnode-{letter}" for letter in ZONES}
    for letter, zone in ZONES.items():
        template = sets[f"kvnode-{letter}"]["spec"]["template"]
        affinity = template["spec"]["affinity"]
        term, = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        assert term["matchExpressions"] == [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}]
        apart, = affinity["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert apart["topologyKey"] == "kubernetes.io/hostname"
        assert apart["labelSelector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert "topologySpreadConstraints" not in template["spec"]
        assert template["metadata"]["labels"]["kvnode.io/zone"] == letter


def test_selectors_find_the_nodes(base):
    """Services, the disruption budget and the network's policy go by labels that all nodes have."""
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(base, "StatefulSet").values()]
    selectors = [one["spec"]["selector"] for one in of_kind(base, "Service").values()]
    selectors += [one["spec"]["selector"]["matchLabels"] for one in of_kind(base, "PodDisruptionBudget").values()]
    selectors += [one["spec"]["podSelector"]["matchLabels"] for one in of_kind(base, "NetworkPolicy").values()]
    assert len(selectors) == 4
    for selector in selectors:
        assert all(selector.items() <= one.items() for one in labels)


def test_ports_are_the_settings(base):
    values = settings(base, "kvnode-settings")
    listening = {name: int(values[f"KVNODE_{name.upper()}_LISTEN"].rsplit(":", 1)[1]) for name in ("grpc", "peer", "http", "resp")}
    for spec in pod_specs(base).values():
        assert {port["name"]: port["containerPort"] for port in spec["containers"][0]["ports"]} == listening
    for service in of_kind(base, "Service").values():
        for port in service["spec"]["ports"]:
            assert listening[port["targetPort"]] == port["port"]
    policy, = of_kind(base, "NetworkPolicy").values()
    allowed = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert allowed == set(listening.values())


def test_each_node_has_its_certificate(base):
    """Where the environment of its pod looks for it, with the URI that says which node it is."""
    certificates = of_kind(base, "Certificate")
    cluster = yaml.safe_load(settings(base, "kvnode-nodes")["founder.yaml"])["cluster"]["name"]
    for name, one in of_kind(base, "StatefulSet").items():
        spec = one["spec"]["template"]["spec"]
        volume, = [volume for volume in spec["volumes"] if volume["name"] == "tls"]
        files = {
            f"/etc/kvnode/tls/{item['path']}": (source["secret"]["name"], item["key"])
            for source in volume["projected"]["sources"] for item in source["secret"]["items"]}
        configurations, = [volume for volume in spec["volumes"] if volume["name"] == "nodes"]
        for index in range(len(configurations["configMap"]["items"])):
            pod = f"{name}-{index}"
            values = environment(base, spec["containers"][0], pod)
            secret = certificates[pod]["spec"]["secretName"]
            assert files[values["KVNODE_TLS_CERTIFICATE"]] == (secret, "tls.crt")
            assert files[values["KVNODE_TLS_KEY"]] == (secret, "tls.key")
            assert files[values["KVNODE_TLS_TRUST_ROOTS"]] == (secret, "ca.crt")
            assert certificates[pod]["spec"]["uris"] == [f"kvnode://{cluster}/node/{pod}"]
            names = certificates[pod]["spec"]["dnsNames"] + certificates[pod]["spec"]["ipAddresses"]
            assert values["KVNODE_PEER_ADVERTISE"].rsplit(":", 1)[0] in names
            assert values["KVNODE_ENDPOINT"].rsplit(":", 1)[0] in names


@needs_binary
def test_nodes_understand_their_settings(build, tmp_path):
    """Each pod's configuration, its file and its environment together, is one that kvnode accepts, and none of it is left over."""
    sets = of_kind(build, "StatefulSet")
    assert sets
    for name, one in sets.items():
        spec = one["spec"]["template"]["spec"]
        for index in range(3):
            values = environment(build, spec["containers"][0], f"{name}-{index}")
            if path := values.pop("KVNODE_CONFIG", None):
                volume, = [volume for volume in spec["volumes"] if volume["name"] == "nodes"]
                key, = [item["key"] for item in volume["configMap"]["items"] if path == f"/etc/kvnode/nodes/{item['path']}"]
                file = tmp_path / "node.yaml"
                file.write_text(settings(build, "kvnode-nodes")[key])
                values["KVNODE_CONFIG"] = str(file)
            shown = run(BINARY, "config", env=values)
            assert f'name: "{name}-{index}"' in shown


@needs_binary
def test_commands_exist(build):
    """Whatever a pod runs or is probed by is a command of kvnode."""
    commands = set()
    for spec in pod_specs(build).values():
        for container in containers(spec):
            if container["image"].split(":")[0] != "kvnode":
                continue
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                if "exec" in container.get(probe, {}):
                    program, *arguments = container[probe]["exec"]["command"]
                    assert program == "kvnode"
                    commands.add(tuple(arguments))
            commands.add(tuple(container["args"]))
    for command in commands:
        words = [word for word in command if not word.startswith(("-", "$"))]
        flags = [word for word in command if word.startswith("--")]
        ended = subprocess.run([BINARY, *words[:2], "--help"], capture_output=True, text=True, env={})
        assert ended.returncode == 0, command
        assert f"USAGE: kvnode {words[0]}" in ended.stdout, command
        assert all(flag in ended.stdout for flag in flags), command


def test_the_map_of_lmdb_fits_the_volume():
    build = kustomize("overlays/prod-lmdb")
    size = int(settings(build, "kvnode-settings")["KVNODE_ENGINE_LMDB_MAP_SIZE_BYTES"])
    for one in of_kind(build, "StatefulSet").values():
        claim, = one["spec"]["volumeClaimTemplates"]
        storage = claim["spec"]["resources"]["requests"]["storage"]
        assert storage.endswith("Gi")
        assert size == int(storage[:-2]) * 2**30 * 9 // 10


def test_overlays_differ_in_what_they_say():
    """The engine is one setting; certificates, backups and monitoring are there in production."""
    for engine in ("rocksdb", "leveldb", "lmdb"):
        build = kustomize(f"overlays/prod-{engine}")
        assert settings(build, "kvnode-settings")["KVNODE_ENGINE_TYPE"] == engine
        assert settings(build, "kvnode-settings")["KVNODE_ENGINE_DURABILITY"] == "synced"
        kinds = {one["kind"] for one in build}
        assert {"PodMonitor", "PrometheusRule", "CronJob", "Certificate", "Issuer"} <= kinds
    dev = kustomize("overlays/dev")
    assert not {"Certificate", "Issuer", "StorageClass"} & {one["kind"] for one in dev}
    assert settings(dev, "kvnode-settings")["KVNODE_INSECURE"] == "true"


def test_the_default_is_for_one_command():
    """`kubectl apply -f deploy/kubernetes/` reads the files of that folder alone, and nothing of it needs a custom resource but
    cert-manager's."""
    files = list(KUBERNETES.glob("*.y*ml")) + list(KUBERNETES.glob("*.json"))
    assert files == [KUBERNETES / "kvnode.yaml"]
    versions = {one["apiVersion"] for one in yaml.safe_load_all(files[0].read_text())}
    assert versions & CUSTOM == {"cert-manager.io/v1"}
