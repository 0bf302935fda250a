"""The calls of EKS that moto 5.2 lacks and deploy/terraform makes: add-ons, pod identity associations and access entries.

Importing this module adds them to moto's server. They keep what they are given and give it back, for one account and region, and
everything is ready at once: what EKS itself would do with it, they can't tell.
"""

import itertools
import json
import time
from urllib.parse import unquote, urlparse

from moto.eks import models, responses, urls

ACCOUNT, REGION = "123456789012", "eu-central-1"
ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}"
ADDON_VERSION = "v1.0.0-eksbuild.1"

numbers = itertools.count(1)


class Missing(Exception):
    """What is asked for is not there; EKS names the kind."""


class Collection:
    """Objects of one kind of each cluster, by their IDs."""

    def __init__(self, kind: str):
        self.kind = kind
        self.objects: dict[tuple[str, str], dict] = {}

    def add(self, cluster: str, key: str, value: dict) -> dict:
        now = time.time()
        self.objects[cluster, key] = {"clusterName": cluster, "createdAt": now, "modifiedAt": now, **value}
        return self.objects[cluster, key]

    def get(self, cluster: str, key: str) -> dict:
        if (cluster, key) not in self.objects:
            raise Missing(f"No {self.kind}: {key}")
        return self.objects[cluster, key]

    def remove(self, cluster: str, key: str) -> dict:
        found = self.get(cluster, key)
        del self.objects[cluster, key]
        return found

    def of(self, cluster: str) -> list[dict]:
        return [value for (owner, _), value in self.objects.items() if owner == cluster]


addons = Collection("addon")
associations = Collection("pod identity association")
entries = Collection("access entry")
policies = Collection("access policy association")


def serve_addons(method: str, cluster: str, path: list[str], body: dict) -> dict:
    if not path:
        if method == "GET":
            return {"addons": [addon["addonName"] for addon in addons.of(cluster)]}
        name = body["addonName"]
        return {"addon": addons.add(cluster, name, {
            "addonName": name,
            "addonArn": f"{ARN}:addon/{cluster}/{name}/{next(numbers)}",
            "addonVersion": body.get("addonVersion", ADDON_VERSION),
            "configurationValues": body.get("configurationValues"),
            "status": "ACTIVE",
            "health": {"issues": []},
            "tags": body.get("tags", {}),
        })}
    name = path[0]
    if method == "POST":
        changed = {key: body[key] for key in ("addonVersion", "configurationValues") if key in body}
        addons.get(cluster, name).update(changed)
        return {"update": update()}
    return {"addon": addons.remove(cluster, name) if method == "DELETE" else addons.get(cluster, name)}


def serve_associations(method: str, cluster: str, path: list[str], body: dict) -> dict:
    if not path:
        if method == "GET":
            return {"associations": associations.of(cluster)}
        key = f"a-{next(numbers):08d}"
        return {"association": associations.add(cluster, key, {
            "associationId": key,
            "associationArn": f"{ARN}:podidentityassociation/{cluster}/{key}",
            "namespace": body["namespace"],
            "serviceAccount": body["serviceAccount"],
            "roleArn": body["roleArn"],
            "tags": body.get("tags", {}),
        })}
    key = path[0]
    return {"association": associations.remove(cluster, key) if method == "DELETE" else associations.get(cluster, key)}


def serve_entries(method: str, cluster: str, path: list[str], body: dict) -> dict:
    if not path:
        if method == "GET":
            return {"accessEntries": [entry["principalArn"] for entry in entries.of(cluster)]}
        principal = body["principalArn"]
        return {"accessEntry": entries.add(cluster, principal, {
            "principalArn": principal,
            "accessEntryArn": f"{ARN}:access-entry/{cluster}/{next(numbers)}",
            "kubernetesGroups": body.get("kubernetesGroups", []),
            "username": body.get("username", principal),
            "type": body.get("type", "STANDARD"),
            "tags": body.get("tags", {}),
        })}
    # ARNs have slashes of their own.
    if "access-policies" in path:
        cut = path.index("access-policies")
        return serve_policies(method, cluster, "/".join(path[:cut]), "/".join(path[cut + 1:]), body)
    principal = "/".join(path)
    return {"accessEntry": entries.remove(cluster, principal) if method == "DELETE" else entries.get(cluster, principal)}


def serve_policies(method: str, cluster: str, principal: str, policy: str, body: dict) -> dict:
    own = {"clusterName": cluster, "principalArn": principal}
    if method == "POST":
        key = f"{principal} {body['policyArn']}"
        made = {"policyArn": body["policyArn"], "accessScope": body["accessScope"], "principalArn": principal,
                "associatedAt": time.time()}
        return {**own, "associatedAccessPolicy": policies.add(cluster, key, made)}
    if method == "DELETE":
        policies.remove(cluster, f"{principal} {policy}")
        return own
    return {**own, "associatedAccessPolicies": [one for one in policies.of(cluster) if one["principalArn"] == principal]}


def serve_updates(method: str, cluster: str, path: list[str], body: dict) -> dict:
    return {"update": {**update(), "id": path[0]}}


def update() -> dict:
    """An update that is done as soon as it is asked for."""
    return {"id": f"update-{next(numbers)}", "status": "Successful", "type": "AddonUpdate", "params": [],
            "createdAt": time.time(), "errors": []}


SERVERS = {
    "addons": serve_addons,
    "pod-identity-associations": serve_associations,
    "access-entries": serve_entries,
    "updates": serve_updates,
}


def serve(request, full_url, headers):
    cluster, kind, *path = [unquote(part) for part in urlparse(full_url).path.removeprefix("/clusters/").split("/")]
    try:
        status, answer = 200, SERVERS[kind](request.method, cluster, path, json.loads(request.data or b"{}"))
    except Missing as error:
        return 404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, json.dumps({"message": str(error)})
    return status, {"Content-Type": "application/json"}, json.dumps(answer)


for served in SERVERS:
    urls.url_paths["{0}/clusters/(?P<name>[^/]+)/" + served + "$"] = serve
    urls.url_paths["{0}/clusters/(?P<name>[^/]+)/" + served + "/(?P<rest>.+)$"] = serve

# What moto's own clusters leave out of their descriptions: without it, every plan would show a difference.
made_by_moto = responses.EKSResponse.create_cluster


def create_cluster(self):
    answer = made_by_moto(self)
    cluster = self.eks_backend.clusters[self._get_param("name")]
    access = self._get_param("accessConfig") or {}
    cluster.access_config = {
        "authenticationMode": access.get("authenticationMode", "CONFIG_MAP"),
        "bootstrapClusterCreatorAdminPermissions": access.get("bootstrapClusterCreatorAdminPermissions", True),
    }
    cluster.upgrade_policy = self._get_param("upgradePolicy") or {"supportType": "EXTENDED"}
    cluster.resources_vpc_config = network = dict(cluster.resources_vpc_config or {})
    network.setdefault("clusterSecurityGroupId", security_group(self, cluster.name, network))
    if network.get("endpointPublicAccess"):
        network.setdefault("publicAccessCidrs", ["0.0.0.0/0"])
    return answer


def security_group(self, name: str, network: dict) -> str:
    """The group that EKS makes for a cluster, in the VPC of its subnets, so that rules can be added to it."""
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[self.current_account][self.region]
    vpc = ec2.get_subnet(network["subnetIds"][0]).vpc_id
    network["vpcId"] = vpc
    return ec2.create_security_group(f"eks-cluster-sg-{name}", "made by EKS", tags={}, vpc_id=vpc).id


responses.EKSResponse.create_cluster = create_cluster
models.DEFAULT_REMOTE_ACCESS = None
