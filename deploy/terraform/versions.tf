terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The state is a local file unless backend.tf says otherwise: see "Remote state" in README.md.
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge({ project = "kvnode", cluster = var.name }, var.tags)
  }
}
