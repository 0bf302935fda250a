variable "name" {
  description = "Name of the role."
  type        = string
}

variable "description" {
  description = "Who has the role, and for what."
  type        = string
}

variable "account" {
  description = "Number of the account that the cluster belongs to."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the service account."
  type        = string
}

variable "service_account" {
  description = "Name of the service account."
  type        = string
}

variable "statements" {
  description = "Statements of the role's own policy."
  type        = any
  default     = []
}

variable "managed_policy_arns" {
  description = "Policies of AWS's that the role has, by a name for each."
  type        = map(string)
  default     = {}
}
