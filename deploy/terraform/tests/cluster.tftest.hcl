mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                 = "kvnode"
  partition            = "aws"
  account              = "123456789012"
  kubernetes_version   = "1.35"
  addon_versions       = {}
  private_subnet_ids   = { eu-central-1a = "subnet-a", eu-central-1b = "subnet-b", eu-central-1c = "subnet-c" }
  api_public_cidrs     = []
  api_private_cidrs    = []
  admin_role_arns      = []
  nodes_per_zone       = 1
  node_instance_type   = "m7i.xlarge"
  system_instance_type = "m7i.large"
  volumes_key_arn      = "arn:aws:kms:eu-central-1:123456789012:key/volumes"
  log_retention_days   = 365
  logs_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/logs"
}

run "a_private_cluster" {
  module {
    source = "./modules/cluster"
  }

  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "By default the API has a private endpoint alone."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.api) == 0 && length(aws_eks_access_entry.admin) == 0
    error_message = "By default nobody else is let in."
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API"
    error_message = "Access entries alone say who may do what, and no ConfigMap."
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].resources == toset(["secrets"]) && aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == module.secrets_key.arn
    error_message = "Secrets are encrypted with a key of their own."
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.control_plane.kms_key_id == var.logs_key_arn
    error_message = "All that the control plane logs is kept, encrypted."
  }

  assert {
    condition     = aws_launch_template.node.metadata_options[0].http_tokens == "required" && aws_launch_template.node.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "No pod gets at the credentials of its machine."
  }

  assert {
    condition     = aws_launch_template.node.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "Disks of machines are encrypted."
  }

  assert {
    condition     = aws_launch_template.node.network_interfaces[0].associate_public_ip_address == "false"
    error_message = "Machines have no public address."
  }

  assert {
    condition     = alltrue([for zone, group in aws_eks_node_group.kvnode : group.subnet_ids == toset([var.private_subnet_ids[zone]])]) && length(aws_eks_node_group.kvnode) == 3
    error_message = "Each zone has its own group of machines: volumes can't leave their zone."
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.kvnode : one(group.taint).effect == "NO_SCHEDULE" && one(group.taint).value == group.labels[one(group.taint).key]])
    error_message = "Machines of kvnode are for kvnode."
  }

  assert {
    condition     = toset([for attachment in aws_iam_role_policy_attachment.node : basename(attachment.policy_arn)]) == toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"])
    error_message = "A machine may join the cluster and pull images: what pods need, pods have."
  }

  assert {
    condition     = alltrue([for statement in module.ebs_csi_role.statements : statement.Resource == var.volumes_key_arn && !anytrue([for action in statement.Action : strcontains(action, "*")])])
    error_message = "The driver of volumes may use one key, by actions that are named."
  }

  assert {
    condition     = jsondecode(aws_eks_addon.before_compute["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "Network policies are kept."
  }
}

run "an_api_for_an_office_and_a_vpn" {
  module {
    source = "./modules/cluster"
  }

  variables {
    api_public_cidrs  = ["203.0.113.0/24"]
    api_private_cidrs = ["10.64.0.0/16"]
    admin_role_arns   = ["arn:aws:iam::123456789012:role/platform"]
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["203.0.113.0/24"])
    error_message = "The public endpoint is for the networks that were named."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.api : "${rule.cidr_ipv4} ${rule.from_port}-${rule.to_port}"] == ["10.64.0.0/16 443-443"]
    error_message = "The private endpoint is for the networks that were named, and port 443 alone."
  }

  assert {
    condition     = endswith(aws_eks_access_policy_association.admin["arn:aws:iam::123456789012:role/platform"].policy_arn, "AmazonEKSClusterAdminPolicy")
    error_message = "Administrators have their rights by an access entry."
  }
}
