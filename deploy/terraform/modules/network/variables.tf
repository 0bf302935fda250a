variable "name" {
  description = "Beginning of the names of what is made."
  type        = string
}

variable "region" {
  description = "AWS region."
  type        = string
}

variable "account" {
  description = "Number of the AWS account."
  type        = string
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "zones" {
  description = "The three availability zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) == 3
    error_message = "zones are three: with N = 3, each replica of a key lies in another one."
  }
}

variable "log_retention_days" {
  description = "Days for which flow logs are kept."
  type        = number
}

variable "logs_key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string
}
