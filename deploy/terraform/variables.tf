variable "region" {
  description = "AWS region. It needs three availability zones."
  type        = string
  default     = "eu-central-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-\\d$", var.region))
    error_message = "region is a region's name, such as eu-central-1."
  }
}

variable "name" {
  description = "Name of the EKS cluster, and the beginning of the names of all that belongs to it."
  type        = string
  default     = "kvnode"

  # 20 characters leave room in a role's 64 for the longest suffix, and in a bucket's 63 for the account and the region.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "name has 2 to 20 lower-case letters, digits and hyphens, begins with a letter, and does not end with a hyphen."
  }
}

variable "tags" {
  description = "Tags of all resources, besides `project` and `cluster`."
  type        = map(string)
  default     = {}
}

# Network

variable "vpc_cidr" {
  description = "Addresses of the VPC, a /16 to /20. It must not overlap with networks that are to be connected to it."
  type        = string
  default     = "10.64.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.vpc_cidr)[1]), 99) <= 20
    error_message = "vpc_cidr is an IPv4 network from /16 to /20, such as 10.64.0.0/16."
  }
}

# Who reaches the cluster's API

variable "api_public_cidrs" {
  description = "Networks outside the VPC whose clients may reach the Kubernetes API through a public endpoint. Empty: there is no public endpoint."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for cidr in var.api_public_cidrs : can(cidrnetmask(cidr)) && try(tonumber(split("/", cidr)[1]), 0) >= 8
    ])
    error_message = "api_public_cidrs are IPv4 networks no larger than /8: the API is not opened to the whole internet."
  }
}

variable "api_private_cidrs" {
  description = "Private networks (the VPC itself, a VPN, a peered VPC) whose clients may reach the API's private endpoint. The nodes always may."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for cidr in var.api_private_cidrs :
      can(cidrnetmask(cidr)) && can(regex("^(10|172\\.(1[6-9]|2\\d|3[01])|192\\.168|100\\.(6[4-9]|[7-9]\\d|1[01]\\d|12[0-7]))\\.", cidr))
    ])
    error_message = "api_private_cidrs are IPv4 networks of private addresses, such as 10.64.0.0/16."
  }
}

variable "admin_role_arns" {
  description = "IAM roles and users that may administer the Kubernetes cluster, besides whoever created it."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.admin_role_arns : can(regex("^arn:aws[a-z-]*:iam::\\d{12}:(role|user)/.+$", arn))])
    error_message = "admin_role_arns are ARNs of IAM roles or users, such as arn:aws:iam::123456789012:role/platform."
  }
}

# Cluster

variable "kubernetes_version" {
  description = "Version of Kubernetes. It can be raised by one minor version at a time, and never lowered."
  type        = string
  default     = "1.35"

  validation {
    condition     = can(regex("^1\\.(3[4-9]|[4-9]\\d)$", var.kubernetes_version))
    error_message = "kubernetes_version is 1.34 or later, without a patch number, such as 1.35."
  }
}

variable "addon_versions" {
  description = "Versions of add-ons by name, such as `{ coredns = \"v1.12.4-eksbuild.1\" }`. Others have what EKS recommended when they were made."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for name in keys(var.addon_versions) : contains([
        "vpc-cni", "eks-pod-identity-agent", "kube-proxy", "coredns", "aws-ebs-csi-driver", "cert-manager", "amazon-cloudwatch-observability"
      ], name)
    ])
    error_message = "addon_versions has a name that is none of the cluster's add-ons (README.md lists them)."
  }
}

variable "nodes_per_zone" {
  description = "Machines for kvnode in each of the three zones. One node of kvnode runs on each."
  type        = number
  default     = 1

  validation {
    condition     = var.nodes_per_zone >= 1 && var.nodes_per_zone <= 30 && floor(var.nodes_per_zone) == var.nodes_per_zone
    error_message = "nodes_per_zone is a whole number from 1 to 30."
  }
}

variable "node_instance_type" {
  description = "Type of these machines, x86-64."
  type        = string
  default     = "m7i.xlarge"

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", var.node_instance_type)) && !can(regex("^(t\\d|[a-z]+\\d+g)", var.node_instance_type))
    error_message = "node_instance_type is an x86-64 type whose speed does not depend on credits, such as m7i.xlarge: neither burstable (t3) nor Graviton (m7g)."
  }
}

variable "system_instance_type" {
  description = "Type of the two machines that run what is not kvnode: CoreDNS, controllers, Prometheus. x86-64."
  type        = string
  default     = "m7i.large"

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", var.system_instance_type)) && !can(regex("^[a-z]+\\d+g", var.system_instance_type))
    error_message = "system_instance_type is an x86-64 type, such as m7i.large."
  }
}

# kvnode

variable "namespace" {
  description = "Kubernetes namespace that kvnode is installed into. The role for backups is tied to it."
  type        = string
  default     = "kvnode"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace is a Kubernetes name: lower-case letters, digits and hyphens, 63 at most."
  }
}

variable "release" {
  description = "Name of kvnode's release in Kubernetes (the label app.kubernetes.io/instance): its metrics and alarms go by it."
  type        = string
  default     = "kvnode"

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$", var.release))
    error_message = "release is a name of Helm's: lower-case letters, digits and hyphens, 53 at most."
  }
}

variable "engine" {
  description = "Storage engine in the Helm values: rocksdb, leveldb or lmdb."
  type        = string
  default     = "rocksdb"

  validation {
    condition     = contains(["rocksdb", "leveldb", "lmdb"], var.engine)
    error_message = "engine is rocksdb, leveldb or lmdb."
  }
}

variable "volume_size" {
  description = "Size of each node's volume in the Helm values, in GiB."
  type        = number
  default     = 100

  validation {
    condition     = var.volume_size >= 10 && var.volume_size <= 16384 && floor(var.volume_size) == var.volume_size
    error_message = "volume_size is a whole number of GiB from 10 to 16384."
  }
}

# Backups

variable "backup_lock_days" {
  description = "Days in which nobody can remove a version of a backup's object but by s3:BypassGovernanceRetention."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_lock_days >= 1 && var.backup_lock_days <= 365 && floor(var.backup_lock_days) == var.backup_lock_days
    error_message = "backup_lock_days is a whole number from 1 to 365."
  }
}

variable "backup_recovery_days" {
  description = "Days for which an object that was removed or replaced can be brought back. After that it is gone."
  type        = number
  default     = 30

  validation {
    condition     = var.backup_recovery_days >= var.backup_lock_days
    error_message = "backup_recovery_days is no less than backup_lock_days: what is locked cannot be removed."
  }
}

# CloudWatch

variable "log_retention_days" {
  description = "Days for which CloudWatch keeps logs."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the numbers that CloudWatch has, 30 or more: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, ..."
  }
}

variable "alarm_emails" {
  description = "Addresses that are told of alarms: of `page`, clients lose something now or soon; of `ticket`, within days. Each is asked by mail to confirm."
  type = object({
    page   = optional(set(string), [])
    ticket = optional(set(string), [])
  })
  default = {}

  validation {
    condition     = alltrue([for address in setunion(var.alarm_emails.page, var.alarm_emails.ticket) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "alarm_emails has an address that is none, such as ops@example.com."
  }
}
