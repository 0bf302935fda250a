output "topic_arns" {
  description = "SNS topic of each severity."
  value       = { for severity, topic in aws_sns_topic.alarms : severity => topic.arn }
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
