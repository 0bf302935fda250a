mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name                 = "kvnode"
  region               = "eu-central-1"
  partition            = "aws"
  account              = "123456789012"
  backup_lock_days     = 7
  backup_recovery_days = 30
}

run "a_bucket_and_a_repository" {
  module {
    source = "./modules/storage"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.backups.block_public_acls, aws_s3_bucket_public_access_block.backups.block_public_policy,
      aws_s3_bucket_public_access_block.backups.ignore_public_acls, aws_s3_bucket_public_access_block.backups.restrict_public_buckets,
    ])
    error_message = "Nothing in the bucket is public, whatever else is set."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.backups.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])
    error_message = "The bucket is reached by TLS alone."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.backups.policy).Statement : statement.Effect == "Deny"])
    error_message = "The bucket's policy gives nobody anything: roles do."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.backups.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "Backups are encrypted with a key of their own."
  }

  assert {
    condition     = aws_s3_bucket_versioning.backups.versioning_configuration[0].status == "Enabled" && aws_s3_bucket.backups.object_lock_enabled
    error_message = "What is removed or replaced can be brought back."
  }

  assert {
    condition     = aws_s3_bucket_object_lock_configuration.backups.rule[0].default_retention[0].days == 7
    error_message = "Versions are locked."
  }

  assert {
    condition     = !anytrue([for rule in aws_s3_bucket_lifecycle_configuration.backups.rule : length(rule.transition) > 0 || anytrue([for expiration in rule.expiration : try(expiration.days, 0) > 0])])
    error_message = "No object ends by its age: a later backup may need it."
  }

  assert {
    condition     = keys(aws_ecr_repository.this) == ["kvbench", "kvnode"]
    error_message = "Each image that deploy/kubernetes names has a repository."
  }

  assert {
    condition = alltrue([
      for repository in aws_ecr_repository.this :
      repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS"
    ])
    error_message = "An image stays what it was, is scanned, and is encrypted."
  }
}
