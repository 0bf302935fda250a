# What CloudWatch is told, and by whom it is told: docs/observability.md, "CloudWatch", has the whole.

locals {
  # The agents name them so. Made here, they are encrypted and end.
  log_group_prefix = "/aws/containerinsights/${var.name}"
  log_groups       = toset(["application", "dataplane", "host", "performance", "prometheus"])
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_groups

  name              = "${local.log_group_prefix}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

# The add-on: an agent and Fluent Bit on every machine, for the machines, the pods and what they log.
module "agent_role" {
  source = "../pod-role"

  name            = "${var.name}-cloudwatch-agent"
  description     = "Machines, pods and their logs of ${var.name}, to CloudWatch"
  cluster_name    = var.cluster_name
  account         = var.account
  namespace       = "amazon-cloudwatch"
  service_account = "cloudwatch-agent"

  statements = [
    {
      # Fluent Bit asks for the group to be made before it looks whether it is there.
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = [for key in ["application", "dataplane", "host", "performance"] : "${aws_cloudwatch_log_group.this[key].arn}:*"]
    },
    {
      # None of these knows a narrower resource.
      Sid      = "SayWhatAMachineIs"
      Effect   = "Allow"
      Action   = ["ec2:DescribeInstances", "ec2:DescribeTags", "ec2:DescribeVolumes"]
      Resource = "*"
    },
    {
      Sid       = "WriteMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = "*"
      Condition = { StringEquals = { "cloudwatch:namespace" = "ContainerInsights" } }
    },
  ]
}

resource "aws_eks_addon" "this" {
  cluster_name                = var.cluster_name
  addon_name                  = "amazon-cloudwatch-observability"
  addon_version               = var.addon_version
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  # Its default would also change pods, to trace them: kvnode's traces go to Jaeger.
  configuration_values = jsonencode({
    agent = {
      config = {
        logs = { metrics_collected = { kubernetes = { enhanced_container_insights = true } } }
      }
    }
    containerLogs = { enabled = true }
  })

  depends_on = [module.agent_role]
}

# kvnode's own metrics: an agent of deploy/cloudwatch reads them as Prometheus would, and writes them to one log group, from which
# CloudWatch makes metrics.
module "metrics_role" {
  source = "../pod-role"

  name            = "${var.name}-metrics"
  description     = "Metrics of kvnode in ${var.name}, to CloudWatch"
  cluster_name    = var.cluster_name
  account         = var.account
  namespace       = var.namespace
  service_account = "kvnode-metrics"

  statements = [{
    Sid      = "WriteMetrics"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    Resource = "${aws_cloudwatch_log_group.this["prometheus"].arn}:*"
  }]
}
