data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Local Zones and the like, which have to be opted in to, are no place for a quorum.
data "aws_availability_zones" "available" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.names) >= 3
      error_message = "The region ${var.region} has fewer than three availability zones: choose another."
    }
  }
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  # In the order of their names, so that another order in AWS's answer moves nothing.
  zones = slice(sort(data.aws_availability_zones.available.names), 0, 3)
}

# One key for all log groups. CloudWatch alone uses it, for groups of this account.
module "logs_key" {
  source = "./modules/key"

  name        = "${var.name}-logs"
  description = "Logs of ${var.name} in CloudWatch"
  partition   = local.partition
  account     = local.account

  service_statements = [{
    Sid       = "LogsOfThisAccount"
    Effect    = "Allow"
    Principal = { Service = "logs.${var.region}.amazonaws.com" }
    Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
    Resource  = "*"
    Condition = {
      ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:*" }
    }
  }]
}

module "network" {
  source = "./modules/network"

  name               = var.name
  region             = var.region
  account            = local.account
  cidr               = var.vpc_cidr
  zones              = local.zones
  log_retention_days = var.log_retention_days
  logs_key_arn       = module.logs_key.arn
}

module "storage" {
  source = "./modules/storage"

  name                 = var.name
  region               = var.region
  partition            = local.partition
  account              = local.account
  backup_lock_days     = var.backup_lock_days
  backup_recovery_days = var.backup_recovery_days
}

module "cluster" {
  source = "./modules/cluster"

  name                 = var.name
  partition            = local.partition
  account              = local.account
  kubernetes_version   = var.kubernetes_version
  addon_versions       = var.addon_versions
  private_subnet_ids   = module.network.private_subnet_ids
  api_public_cidrs     = var.api_public_cidrs
  api_private_cidrs    = var.api_private_cidrs
  admin_role_arns      = var.admin_role_arns
  nodes_per_zone       = var.nodes_per_zone
  node_instance_type   = var.node_instance_type
  system_instance_type = var.system_instance_type
  volumes_key_arn      = module.storage.volumes_key_arn
  log_retention_days   = var.log_retention_days
  logs_key_arn         = module.logs_key.arn
}

module "observability" {
  source = "./modules/observability"

  name               = var.name
  region             = var.region
  partition          = local.partition
  account            = local.account
  cluster_name       = module.cluster.name
  addon_version      = lookup(var.addon_versions, "amazon-cloudwatch-observability", null)
  namespace          = var.namespace
  release            = var.release
  nodes              = 3 * var.nodes_per_zone
  log_retention_days = var.log_retention_days
  logs_key_arn       = module.logs_key.arn
  alarm_emails       = var.alarm_emails
}

# What kvnode's pods may do on AWS: write and read backups, and leave reports of benchmarks.
module "kvnode_role" {
  source = "./modules/pod-role"

  name            = "${var.name}-backup"
  description     = "kvnode: backups to and from S3, reports of benchmarks to it"
  cluster_name    = module.cluster.name
  account         = local.account
  namespace       = var.namespace
  service_account = "kvnode"

  statements = [
    {
      Sid      = "FindBackups"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = module.storage.backup_bucket_arn
    },
    {
      # No s3:DeleteObjectVersion: what a node removes, or whoever has taken it over, can be brought back.
      Sid      = "ReadAndWriteBackups"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      Resource = "${module.storage.backup_bucket_arn}/${module.storage.backup_prefix}/*"
    },
    {
      Sid      = "WriteReports"
      Effect   = "Allow"
      Action   = ["s3:PutObject"]
      Resource = "${module.storage.backup_bucket_arn}/${module.storage.report_prefix}/*"
    },
    {
      Sid       = "UseTheKey"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
      Resource  = module.storage.backup_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
    },
  ]
}
