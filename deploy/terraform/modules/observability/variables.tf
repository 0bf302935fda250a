variable "name" {
  description = "Beginning of the names of what is made, and the cluster's name in metrics and log groups."
  type        = string
}

variable "region" {
  description = "AWS region."
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

variable "cluster_name" {
  description = "Name of the EKS cluster, once it can run pods."
  type        = string
}

variable "addon_version" {
  description = "Version of the add-on. null: what EKS recommends when it is made."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of kvnode."
  type        = string
}

variable "release" {
  description = "Name of kvnode's release in Kubernetes."
  type        = string
}

variable "nodes" {
  description = "Nodes of kvnode that should tell their metrics."
  type        = number
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "logs_key_arn" {
  description = "Key that encrypts the logs."
  type        = string
}

variable "alarm_emails" {
  description = "Addresses that are told of alarms, by severity."
  type        = object({ page = set(string), ticket = set(string) })
}
