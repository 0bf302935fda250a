variable "name" {
  description = "Beginning of the names of what is made."
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

variable "backup_lock_days" {
  description = "Days in which no version of an object can be removed."
  type        = number
}

variable "backup_recovery_days" {
  description = "Days for which a removed object can be brought back."
  type        = number
}
