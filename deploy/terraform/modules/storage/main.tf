locals {
  # A bucket's name is one of all accounts' and regions'.
  bucket_name = "${var.name}-backups-${var.account}-${var.region}"
}

# Backups

module "backup_key" {
  source = "../key"

  name        = "${var.name}-backups"
  description = "Backups of ${var.name} in S3"
  partition   = var.partition
  account     = var.account
}

resource "aws_s3_bucket" "backups" {
  bucket              = local.bucket_name
  object_lock_enabled = true
}

resource "aws_s3_bucket_versioning" "backups" {
  bucket = aws_s3_bucket.backups.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    default_retention {
      # Not COMPLIANCE, which not even the account's owner could shorten: a mistake in the days would have to be waited for.
      mode = "GOVERNANCE"
      days = var.backup_lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.backups]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    # One request to KMS serves many objects; a backup has many.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = module.backup_key.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "backups" {
  bucket = aws_s3_bucket.backups.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  # Which backups are old, `kvnode backup prune` knows: a block may be part of the first backup and of the last. What it has removed
  # stays for a while as an older version.
  rule {
    id     = "removed"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.backup_recovery_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "uploads-without-an-end"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  depends_on = [aws_s3_bucket_versioning.backups]
}

resource "aws_s3_bucket_policy" "backups" {
  bucket = aws_s3_bucket.backups.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TLSOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.backups.arn, "${aws_s3_bucket.backups.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOldTLS"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.backups.arn, "${aws_s3_bucket.backups.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  # A policy is not taken while public access is being blocked.
  depends_on = [aws_s3_bucket_public_access_block.backups]
}

# Volumes of the nodes

module "volumes_key" {
  source = "../key"

  name        = "${var.name}-volumes"
  description = "Volumes of ${var.name}"
  partition   = var.partition
  account     = var.account
}

# The images: kvnode's own, and that of kvbench, which measures it (deploy/kubernetes/benchmark)

module "images_key" {
  source = "../key"

  name        = "${var.name}-images"
  description = "Container images of ${var.name}"
  partition   = var.partition
  account     = var.account
}

resource "aws_ecr_repository" "this" {
  for_each = toset(["kvnode", "kvbench"])

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = module.images_key.arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name

  # Images with a tag are never removed: one that is in use may be old.
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "images that no tag names"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}
