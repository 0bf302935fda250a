# Add-ons of EKS. A version that is not given is the one that EKS recommends for the Kubernetes version when the add-on is made; it
# does not change by itself afterwards.

# The network's driver gives pods their addresses: its rights are its own, and not every pod's on the machine.
module "cni_role" {
  source = "../pod-role"

  name                = "${var.name}-vpc-cni"
  description         = "Addresses of the pods of ${var.name}"
  cluster_name        = aws_eks_cluster.this.name
  account             = var.account
  namespace           = "kube-system"
  service_account     = "aws-node"
  managed_policy_arns = { cni = "arn:${var.partition}:iam::aws:policy/AmazonEKS_CNI_Policy" }
}

module "ebs_csi_role" {
  source = "../pod-role"

  name                = "${var.name}-ebs-csi"
  description         = "Volumes of the pods of ${var.name}"
  cluster_name        = aws_eks_cluster.this.name
  account             = var.account
  namespace           = "kube-system"
  service_account     = "ebs-csi-controller-sa"
  managed_policy_arns = { ebs = "arn:${var.partition}:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy" }

  statements = [
    {
      Sid      = "EncryptVolumes"
      Effect   = "Allow"
      Action   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
      Resource = var.volumes_key_arn
    },
    {
      # EBS itself uses the key as long as a volume is attached.
      Sid       = "LetEBSUseTheKey"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
      Resource  = var.volumes_key_arn
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    },
  ]
}

# Without these a machine has no network, and its pods have no roles: they are there before the first one.
resource "aws_eks_addon" "before_compute" {
  for_each = {
    eks-pod-identity-agent = null
    kube-proxy             = null
    # Network policies are kept by the driver itself, if told so.
    vpc-cni = jsonencode({ enableNetworkPolicy = "true" })
  }

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  configuration_values        = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  depends_on = [module.cni_role]
}

resource "aws_eks_addon" "after_compute" {
  for_each = toset(["coredns", "aws-ebs-csi-driver", "cert-manager"])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = lookup(var.addon_versions, each.key, null)
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  depends_on = [module.ebs_csi_role, aws_eks_node_group.system]
}
