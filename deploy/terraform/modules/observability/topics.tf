# Where alarms go: `page` at any hour, `ticket` within days.

locals {
  severities = toset(["page", "ticket"])
  alarm_arns = "arn:${var.partition}:cloudwatch:${var.region}:${var.account}:alarm:*"
  subscribers = merge([
    for severity in local.severities : {
      for address in var.alarm_emails[severity] : "${severity} ${address}" => { severity = severity, address = address }
    }
  ]...)
}

module "alarms_key" {
  source = "../key"

  name        = "${var.name}-alarms"
  description = "Alarms of ${var.name} on their way through SNS"
  partition   = var.partition
  account     = var.account

  service_statements = [{
    Sid       = "AlarmsOfThisAccount"
    Effect    = "Allow"
    Principal = { Service = "cloudwatch.amazonaws.com" }
    Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
    Resource  = "*"
    Condition = { StringEquals = { "aws:SourceAccount" = var.account } }
  }]
}

resource "aws_sns_topic" "alarms" {
  for_each = local.severities

  name              = "${var.name}-${each.key}"
  kms_master_key_id = module.alarms_key.arn
}

resource "aws_sns_topic_policy" "alarms" {
  for_each = local.severities

  arn = aws_sns_topic.alarms[each.key].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms[each.key].arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account }
          ArnLike      = { "aws:SourceArn" = local.alarm_arns }
        }
      },
      {
        Sid       = "TLSOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = local.subscribers

  topic_arn = aws_sns_topic.alarms[each.value.severity].arn
  protocol  = "email"
  endpoint  = each.value.address
}
