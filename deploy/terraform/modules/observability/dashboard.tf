# One page to begin with: what is wrong, and how it has gone. Grafana's dashboards (deploy/grafana) tell more.

locals {
  # Title, what is shown of it, and the metrics: name, what is drawn of it, how it is called, further dimensions.
  graphs = [
    {
      title = "Clients' requests a minute"
      metrics = [
        ["kvnode_bucket_requests_total", "Sum", "all", {}],
        ["kvnode_request_failures_total", "Sum", "failed", {}],
      ]
    },
    {
      title = "Failures by kind, a minute"
      metrics = [
        for failure in ["quorum", "overload", "other"] : ["kvnode_request_failures_total", "Sum", failure, { failure = failure }]
      ]
    },
    {
      title = "Nodes"
      metrics = [
        ["kvnode_ready", "Minimum", "ready: 1 if all are", {}],
        ["kvnode_gossip_members", "Maximum", "down", { state = "down" }],
        ["kvnode_peers_connected", "Minimum", "peers of the node that has the fewest", {}],
      ]
    },
    {
      title = "Hints"
      metrics = [
        ["kvnode_hints_bytes", "Maximum", "bytes kept, of the node that keeps the most", {}],
        ["kvnode_hints_dropped_total", "Sum", "dropped", {}],
      ]
    },
    {
      title = "Disk of the node that has the least left"
      metrics = [
        ["kvnode_disk_available_bytes", "Minimum", "bytes left", {}],
        ["kvnode_disk_size_bytes", "Maximum", "size", {}],
      ]
    },
    {
      title = "Copying and comparing"
      metrics = [
        ["kvnode_transfer_partitions_left", "Maximum", "partitions to copy", {}],
        ["kvnode_anti_entropy_oldest_round_age_seconds", "Maximum", "seconds since the oldest comparison", {}],
      ]
    },
  ]

  alarm_widgets = [{
    type   = "alarm"
    x      = 0
    y      = 0
    width  = 24
    height = 4
    properties = {
      title = "Alarms"
      alarms = concat(
        [aws_cloudwatch_composite_alarm.failures_burn.arn, aws_cloudwatch_metric_alarm.machines.arn],
        [for alarm in aws_cloudwatch_metric_alarm.kvnode : alarm.arn],
      )
    }
  }]

  graph_widgets = [
    for index, graph in local.graphs : {
      type   = "metric"
      x      = 8 * (index % 3)
      y      = 4 + 6 * floor(index / 3)
      width  = 8
      height = 6
      properties = {
        title  = graph.title
        region = var.region
        view   = "timeSeries"
        period = 60
        metrics = [
          for metric in graph.metrics : concat(
            [local.metrics_namespace, metric[0]],
            flatten([for name, value in merge(local.dimensions, metric[3]) : [name, value]]),
            [{ stat = metric[1], label = metric[2] }],
          )
        ]
      }
    }
  ]

  log_widgets = [{
    type   = "log"
    x      = 0
    y      = 16
    width  = 24
    height = 8
    properties = {
      title  = "Warnings and errors of kvnode"
      region = var.region
      view   = "table"
      query = join(" ", [
        "SOURCE '${local.log_group_prefix}/application'",
        "| fields @timestamp, kubernetes.pod_name, log_processed.log.level, log_processed.message",
        "| filter kubernetes.container_name = 'kvnode' and log_processed.log.level in ['warning', 'error', 'critical']",
        "| sort @timestamp desc",
        "| limit 100",
      ])
    }
  }]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = concat(local.alarm_widgets, local.graph_widgets, local.log_widgets) })
}
