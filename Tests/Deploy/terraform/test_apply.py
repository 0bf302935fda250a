"""From an empty account of moto's to a cluster and back: apply, plan again, look, destroy. moto keeps what it is told; what AWS
would refuse, or would do with it, it can't tell."""

import json
import shutil
import subprocess

import pytest
import yaml

from terraform_cli import REPOSITORY, Terraform

# What a second plan shows here, and only here. `update_config` moto does not tell. A launch template's own tags it tells as tags of
# machines; what would change of it is then not known, nor the version that the groups of machines would have.
MACHINES = {"update_config", "launch_template"}
DRIFT_OF_MOTO = {
    'module.cluster.aws_eks_node_group.kvnode["eu-central-1a"]': MACHINES,
    'module.cluster.aws_eks_node_group.kvnode["eu-central-1b"]': MACHINES,
    'module.cluster.aws_eks_node_group.kvnode["eu-central-1c"]': MACHINES,
    "module.cluster.aws_eks_node_group.system": MACHINES,
    "module.cluster.aws_launch_template.node": {"tag_specifications"},
}

STATE_BUCKET = "example-terraform-state"

VARIABLES = {
    "api_private_cidrs": ["10.64.0.0/16"],
    "admin_role_arns": ["arn:aws:iam::123456789012:role/platform"],
    "alarm_emails": {"page": ["on-call@example.com"], "ticket": ["team@example.com"]},
}


@pytest.fixture(scope="module")
def applied(tmp_path_factory, aws):
    """All of it, with its state in S3 as README.md says, and taken away again at the end."""
    terraform = Terraform(tmp_path_factory.mktemp("apply"), **aws.environment)
    (terraform.folder / "backend.tf.example").rename(terraform.folder / "backend.tf")
    # Buckets of moto's have no names of their own in DNS.
    (terraform.folder / "moto_override.tf").write_text('provider "aws" {\n  s3_use_path_style = true\n}\n')
    (terraform.folder / "test.auto.tfvars.json").write_text(json.dumps(VARIABLES))
    aws.client("s3").create_bucket(Bucket=STATE_BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    terraform.init(f"-backend-config=bucket={STATE_BUCKET}", f"-backend-config=region={aws.region}",
                   "-backend-config=use_path_style=true")
    terraform.run("apply", "-input=false", "-no-color", "-auto-approve", "-parallelism=20")
    yield terraform
    terraform.run("destroy", "-input=false", "-no-color", "-auto-approve", "-parallelism=20")
    assert terraform.resources() == []
    check_nothing_is_left(aws)


def check_nothing_is_left(aws) -> None:
    assert aws.client("eks").list_clusters()["clusters"] == []
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert aws.client("sns").list_topics()["Topics"] == []
    assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == [STATE_BUCKET]
    assert [vpc for vpc in aws.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
    roles = aws.client("iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles if role["RoleName"].startswith("kvnode")] == []


def test_state_is_in_s3_and_unlocked(applied, aws):
    listed = aws.client("s3").list_objects_v2(Bucket=STATE_BUCKET)["Contents"]
    assert [item["Key"] for item in listed] == ["kvnode/terraform.tfstate"]


def test_second_plan_changes_nothing(applied):
    differences = {}
    for resource in applied.plan()["resource_changes"]:
        change = resource["change"]
        if change["actions"] == ["no-op"] or resource["mode"] == "data":
            continue
        assert change["actions"] == ["update"], resource["address"]
        differences[resource["address"]] = {
            name for name, value in change["after"].items() if change["before"].get(name) != value
        }
    assert differences == DRIFT_OF_MOTO


def test_cluster_as_eks_describes_it(applied, aws):
    cluster = aws.client("eks").describe_cluster(name="kvnode")["cluster"]
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is False
    assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"] is True
    assert cluster["accessConfig"]["authenticationMode"] == "API"
    assert cluster["encryptionConfig"][0]["resources"] == ["secrets"]
    assert cluster["logging"]["clusterLogging"][0]["enabled"] is True


def test_addons(applied, aws):
    assert set(aws.client("eks").list_addons(clusterName="kvnode")["addons"]) == {
        "amazon-cloudwatch-observability", "aws-ebs-csi-driver", "cert-manager", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni",
    }


def test_every_role_of_pods_is_of_one_service_account(applied, aws):
    iam = aws.client("iam")
    eks = aws.client("eks")
    # A list does not tell the roles.
    listed = [
        eks.describe_pod_identity_association(clusterName="kvnode", associationId=one["associationId"])["association"]
        for one in eks.list_pod_identity_associations(clusterName="kvnode")["associations"]]
    assert {(one["namespace"], one["serviceAccount"]) for one in listed} == {
        ("amazon-cloudwatch", "cloudwatch-agent"), ("kube-system", "aws-node"), ("kube-system", "ebs-csi-controller-sa"),
        ("kvnode", "kvnode"), ("kvnode", "kvnode-metrics"),
    }
    for association in listed:
        role = iam.get_role(RoleName=association["roleArn"].split("/")[-1])["Role"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        wanted = statement["Condition"]["StringEquals"]
        assert wanted["aws:RequestTag/kubernetes-namespace"] == association["namespace"]
        assert wanted["aws:RequestTag/kubernetes-service-account"] == association["serviceAccount"]


def test_no_policy_of_ours_has_a_wildcard(applied, aws):
    iam = aws.client("iam")
    everywhere = set()
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            for statement in policy["Statement"]:
                assert not any("*" in action for action in statement["Action"]), role["RoleName"]
                if statement["Resource"] == "*":
                    everywhere |= set(statement["Action"])
    # AWS knows no narrower resource for these.
    assert everywhere == {
        "cloudwatch:PutMetricData", "ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeVolumes", "logs:DescribeLogGroups",
    }


def test_logs_are_encrypted_and_end(applied, aws):
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert len(groups) == 7
    for group in groups:
        assert group["retentionInDays"] == 365, group["logGroupName"]
        assert group["kmsKeyId"].startswith("arn:aws:kms:"), group["logGroupName"]


def test_backup_bucket(applied, aws):
    s3, bucket = aws.client("s3"), f"kvnode-backups-{aws.account}-{aws.region}"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    retention = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    # moto tells years, too: none.
    assert (retention["Mode"], retention["Days"], retention.get("Years", 0)) == ("GOVERNANCE", 7, 0)
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())


def test_machines_have_no_public_address(applied, aws):
    assert not any(subnet["MapPublicIpOnLaunch"] for subnet in aws.client("ec2").describe_subnets(
        Filters=[{"Name": "tag:project", "Values": ["kvnode"]}])["Subnets"])


def test_every_alarm_tells_somebody(applied, aws):
    alarms = aws.client("cloudwatch").describe_alarms()
    topics = set(applied.outputs()["alarm_topic_arns"].values())
    silent = [alarm["AlarmName"] for alarm in alarms["MetricAlarms"] + alarms["CompositeAlarms"]
              if not set(alarm["AlarmActions"]) & topics]
    assert sorted(silent) == ["kvnode-KvnodeFailuresBurnFast-long", "kvnode-KvnodeFailuresBurnFast-short"]


def built(folder, name: str, text: str) -> dict[tuple[str, str], dict]:
    """What kubectl makes of an overlay that Terraform has written."""
    shutil.copytree(REPOSITORY / "deploy/kubernetes", folder / "deploy/kubernetes")
    shutil.copytree(REPOSITORY / "Benchmarks/kvbench/kubernetes", folder / "Benchmarks/kvbench/kubernetes")
    overlay = folder / "deploy/kubernetes/overlays" / name
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(text)
    done = subprocess.run(["kubectl", "kustomize", overlay], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}


def test_overlay_for_kubectl_says_what_the_chart_is_told(applied, tmp_path):
    outputs = applied.outputs()
    values = yaml.safe_load(outputs["helm_values"])
    objects = built(tmp_path, "eks", outputs["kustomization"])
    assert objects["StorageClass", "kvnode-gp3"]["parameters"]["kmsKeyId"] == values["storage"]["kmsKeyId"]
    for letter, zone in zip("abc", values["zones"]):
        spec = objects["StatefulSet", f"kvnode-{letter}"]["spec"]
        pod = spec["template"]["spec"]
        assert 3 * spec["replicas"] == values["replicas"]
        assert spec["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == values["storage"]["size"]
        (term,) = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        assert term["matchExpressions"][0]["values"] == [zone]
        (container,) = pod["containers"]
        assert container["image"] == f"{values['image']['repository']}:0.1.0"
        assert container["resources"] == values["resources"]
        assert (pod["nodeSelector"], pod["tolerations"]) == (values["nodeSelector"], values["tolerations"])
        assert "kvnode-users" in [volume.get("secret", {}).get("secretName") for volume in pod["volumes"]]
    (settings,) = [one["data"] for (kind, name), one in objects.items() if kind == "ConfigMap" and name.startswith("kvnode-settings")]
    assert settings["KVNODE_BACKUP_TO"] == values["backup"]["to"] and settings["AWS_REGION"] == values["backup"]["region"]
    assert {name: settings["KVNODE_" + name.upper().replace(".", "_")] for name in values["settings"]} == {
        name: str(value) for name, value in values["settings"].items()}
    job = objects["CronJob", "kvnode-backup"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert {one["image"] for one in job["initContainers"] + job["containers"]} == {f"{values['image']['repository']}:0.1.0"}
    (endpoints,) = [one["value"] for one in job["initContainers"][0]["env"] if one["name"] == "KVNODE_ENDPOINT"]
    assert endpoints.count(":7400") == values["replicas"]


def test_overlay_of_the_benchmark(applied, tmp_path):
    outputs = applied.outputs()
    objects = built(tmp_path, "eks-benchmark", outputs["benchmark_kustomization"])
    job = objects["Job", "kvbench"]["spec"]["template"]["spec"]
    assert job["initContainers"][0]["image"] == f"{outputs['benchmark_image_repository']}:0.1.0"
    nodes = [one["spec"]["template"]["spec"]["containers"][0]["image"] for (kind, _), one in objects.items() if kind == "StatefulSet"]
    assert nodes == [f"{outputs['image_repository']}:0.1.0"] * 3
    assert outputs["report_location"] in [one["data"].get("REPORT") for (kind, _), one in objects.items() if kind == "ConfigMap"]


def test_helm_values(applied, aws):
    outputs = applied.outputs()
    values = yaml.safe_load(outputs["helm_values"])
    assert values["zones"] == outputs["zones"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert values["replicas"] == 3
    assert values["backup"]["to"] == outputs["backup_location"] == f"s3://kvnode-backups-{aws.account}-{aws.region}/kvnode"
    assert values["image"]["repository"] == outputs["image_repository"]
    # The pods have to find the machines that are theirs.
    group = aws.client("eks").describe_nodegroup(clusterName="kvnode", nodegroupName="kvnode-eu-central-1a")["nodegroup"]
    (toleration,) = values["tolerations"]
    assert group["taints"] == [{"key": toleration["key"], "value": toleration["value"], "effect": "NO_SCHEDULE"}]
    assert values["nodeSelector"].items() <= group["labels"].items()
