output "arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}

output "statements" {
  description = "What the role may do by its own policy."
  value       = var.statements
}
