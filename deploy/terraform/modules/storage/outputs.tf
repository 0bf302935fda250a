output "backup_bucket" {
  description = "Name of the bucket for backups."
  value       = aws_s3_bucket.backups.id
}

output "backup_bucket_arn" {
  description = "ARN of the bucket for backups."
  value       = aws_s3_bucket.backups.arn
}

output "backup_prefix" {
  description = "Prefix in the bucket below which backups lie."
  value       = "kvnode"
}

output "report_prefix" {
  description = "Prefix in the bucket below which reports of deploy/kubernetes/benchmark lie."
  value       = "benchmarks"
}

output "backup_key_arn" {
  description = "Key that encrypts the backups."
  value       = module.backup_key.arn
}

output "volumes_key_arn" {
  description = "Key that encrypts the nodes' volumes."
  value       = module.volumes_key.arn
}

output "repository_urls" {
  description = "Repositories of the images `kvnode` and `kvbench`."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}
