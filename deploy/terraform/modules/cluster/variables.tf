variable "name" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account" {
  description = "Number of the AWS account."
  type        = string
}

variable "kubernetes_version" {
  description = "Version of Kubernetes."
  type        = string
}

variable "addon_versions" {
  description = "Versions of add-ons by name."
  type        = map(string)
}

variable "private_subnet_ids" {
  description = "ID of the private subnet of each zone."
  type        = map(string)
}

variable "api_public_cidrs" {
  description = "Networks that may reach the API's public endpoint. Empty: there is none."
  type        = list(string)
}

variable "api_private_cidrs" {
  description = "Private networks that may reach the API's private endpoint."
  type        = list(string)
}

variable "admin_role_arns" {
  description = "IAM roles and users that may administer the cluster, besides whoever created it."
  type        = set(string)
}

variable "nodes_per_zone" {
  description = "Machines for kvnode in each zone."
  type        = number
}

variable "node_instance_type" {
  description = "Type of these machines."
  type        = string
}

variable "system_instance_type" {
  description = "Type of the machines for all else."
  type        = string
}

variable "volumes_key_arn" {
  description = "Key that encrypts the nodes' volumes."
  type        = string
}

variable "log_retention_days" {
  description = "Days for which the control plane's logs are kept."
  type        = number
}

variable "logs_key_arn" {
  description = "Key that encrypts these logs."
  type        = string
}
