variable "name" {
  description = "The key's alias, without `alias/`."
  type        = string
}

variable "description" {
  description = "What the key is for."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "account" {
  description = "Number of the account that the key belongs to."
  type        = string
}

variable "service_statements" {
  description = "Statements of the key's policy for AWS services that use it."
  type        = any
  default     = []
}
