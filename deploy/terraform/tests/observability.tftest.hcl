mock_provider "aws" {
  source = "./tests/aws"
}

variables {
  name               = "kvnode"
  region             = "eu-central-1"
  partition          = "aws"
  account            = "123456789012"
  cluster_name       = "kvnode"
  addon_version      = null
  namespace          = "kvnode"
  release            = "shop"
  nodes              = 3
  log_retention_days = 365
  logs_key_arn       = "arn:aws:kms:eu-central-1:123456789012:key/logs"
  alarm_emails       = { page = ["on-call@example.com"], ticket = [] }
}

run "logs_alarms_and_topics" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.logs_key_arn && group.retention_in_days == 365])
    error_message = "Logs are encrypted, and end."
  }

  assert {
    condition     = alltrue([for topic in aws_sns_topic.alarms : topic.kms_master_key_id == module.alarms_key.arn])
    error_message = "Alarms are encrypted on their way."
  }

  assert {
    condition = alltrue([
      for policy in aws_sns_topic_policy.alarms : alltrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" || (statement.Principal == { Service = "cloudwatch.amazonaws.com" } && try(statement.Condition.StringEquals["aws:SourceAccount"], "") == "123456789012")
      ])
    ])
    error_message = "Alarms of this account alone are taken."
  }

  assert {
    condition = alltrue([
      for statement in concat(module.agent_role.statements, module.metrics_role.statements) : !anytrue([for action in statement.Action : strcontains(action, "*")])
    ])
    error_message = "Each action of the agents is named."
  }

  assert {
    condition     = [for statement in module.agent_role.statements : statement.Sid if statement.Resource == "*"] == ["SayWhatAMachineIs", "WriteMetrics"]
    error_message = "What has no narrower resource is named here."
  }

  assert {
    condition     = alltrue([for statement in module.metrics_role.statements : endswith(statement.Resource, ":*") && startswith(statement.Resource, "arn:aws:logs:")])
    error_message = "kvnode's metrics are written to one log group, and nothing else is."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.kvnode : length(alarm.alarm_actions) == 1 && length(alarm.ok_actions) == 1])
    error_message = "Each alarm tells somebody, and tells when it is over."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 1
    error_message = "Whoever is to be told is."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.kvnode["KvnodeNotReady"].treat_missing_data == "breaching"
    error_message = "A cluster that says nothing is not ready."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 8
    error_message = "The dashboard has its alarms, graphs and log."
  }
}
