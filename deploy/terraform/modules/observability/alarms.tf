# The most important alerts of deploy/prometheus/rules, by their names and severities there, for whoever has no Prometheus: each
# comes with the same chapter of docs/runbook.md. `expression` is CloudWatch's arithmetic on the metrics below it, each of all
# nodes together.

locals {
  metrics_namespace = "kvnode"
  # How often deploy/cloudwatch/prometheus.yml asks.
  scrape_seconds = 30
  dimensions     = { ClusterName = var.name, cluster = var.release }

  alarms = {
    KvnodeDown = {
      severity   = "ticket"
      summary    = "a node does not tell its metrics"
      expression = "told / ${300 / local.scrape_seconds}"
      metrics    = { told = { name = "kvnode_ready", stat = "SampleCount" } }
      below      = var.nodes - 0.5
      period     = 300
      missing    = "breaching"
    }
    KvnodeNotReady = {
      severity   = "page"
      summary    = "a node is connected to too few members to serve, or none tells anything"
      expression = "ready"
      metrics    = { ready = { name = "kvnode_ready", stat = "Minimum" } }
      below      = 1
      periods    = 3
      missing    = "breaching"
    }
    KvnodeQuorumAtRisk = {
      severity   = "page"
      summary    = "a node is lost: another one, and some keys have no quorum"
      expression = "IF(down > 0 OR peers > connected, 1, 0)"
      metrics = {
        down      = { name = "kvnode_gossip_members", stat = "Maximum", labels = { state = "down" } }
        peers     = { name = "kvnode_peers", stat = "Maximum" }
        connected = { name = "kvnode_peers_connected", stat = "Minimum" }
      }
      above   = 0
      periods = 5
    }
    KvnodeQuorumMissed = {
      severity   = "page"
      summary    = "requests fail since too few replicas answer"
      expression = "missed"
      metrics    = { missed = { name = "kvnode_request_failures_total", stat = "Sum", labels = { failure = "quorum" } } }
      above      = 0
      periods    = 2
    }
    KvnodeOverloaded = {
      severity   = "ticket"
      summary    = "more than one request a second is refused as overload"
      expression = "refused / 300"
      metrics    = { refused = { name = "kvnode_request_failures_total", stat = "Sum", labels = { failure = "overload" } } }
      above      = 1
      period     = 300
    }
    KvnodeHintsDropped = {
      severity   = "ticket"
      summary    = "hints were dropped: what they held is left to anti-entropy"
      expression = "dropped"
      metrics    = { dropped = { name = "kvnode_hints_dropped_total", stat = "Sum" } }
      above      = 0
      period     = 900
    }
    KvnodeDiskFull = {
      severity   = "page"
      summary    = "a node has no room on its disk and refuses writes"
      expression = "full"
      metrics    = { full = { name = "kvnode_engine_state", stat = "Maximum", labels = { state = "full" } } }
      above      = 0
    }
    KvnodeDiskFills = {
      # Prometheus looks at how fast it fills, which CloudWatch can't.
      severity   = "ticket"
      summary    = "a node's disk has less than 15 % left"
      expression = "available / size"
      metrics = {
        available = { name = "kvnode_disk_available_bytes", stat = "Minimum" }
        size      = { name = "kvnode_disk_size_bytes", stat = "Maximum" }
      }
      below   = 0.15
      period  = 300
      periods = 6
    }
    KvnodeEngineDamaged = {
      severity   = "page"
      summary    = "files of a node are damaged, or its last write failed"
      expression = "MAX([damaged, failed])"
      metrics = {
        damaged = { name = "kvnode_engine_state", stat = "Maximum", labels = { state = "damaged" } }
        failed  = { name = "kvnode_engine_state", stat = "Maximum", labels = { state = "failed" } }
      }
      above = 0
    }
    KvnodeMapFills = {
      severity   = "ticket"
      summary    = "a node's LMDB file is more than 80 % full"
      expression = "live / map"
      metrics = {
        live = { name = "kvnode_lmdb_live_bytes", stat = "Maximum" }
        map  = { name = "kvnode_lmdb_map_bytes", stat = "Minimum" }
      }
      above   = 0.8
      periods = 5
    }
    KvnodeBackupOld = {
      # Of the node whose backup is the newest: that of one node alone is what the next alarm tells of.
      severity   = "ticket"
      summary    = "the newest backup is more than 26 hours old"
      expression = "IF(newest > 0, EPOCH(newest) - newest, 0)"
      metrics    = { newest = { name = "kvnode_backup_newest_timestamp_seconds", stat = "Maximum" } }
      above      = 26 * 3600
      period     = 300
    }
    KvnodeBackupFailed = {
      severity   = "ticket"
      summary    = "a backup has not come to its end"
      expression = "failed"
      metrics    = { failed = { name = "kvnode_backups_total", stat = "Sum", labels = { outcome = "failed" } } }
      above      = 0
      period     = 3600
    }
    KvnodeCertificateExpires = {
      severity   = "ticket"
      summary    = "a node's certificate expires within 14 days"
      expression = "expiry - EPOCH(expiry)"
      metrics    = { expiry = { name = "kvnode_certificate_expiry_timestamp_seconds", stat = "Minimum" } }
      below      = 14 * 86400
      period     = 300
    }
    KvnodeCertificateExpired = {
      severity   = "page"
      summary    = "a node's certificate expires within 2 days, or has expired"
      expression = "expiry - EPOCH(expiry)"
      metrics    = { expiry = { name = "kvnode_certificate_expiry_timestamp_seconds", stat = "Minimum" } }
      below      = 2 * 86400
      period     = 300
    }
    KvnodeAccessRefused = {
      severity   = "ticket"
      summary    = "more than one login or request a second is refused"
      expression = "refused / 300"
      metrics    = { refused = { name = "kvnode_access_refusals_total", stat = "Sum" } }
      above      = 1
      period     = 300
    }
  }

  # The share of clients' requests that fail and should not, in two windows (docs/observability.md): both have to be over the bound.
  burn_windows = { long = 3600, short = 300 }
  burn_bound   = 14.4 * 0.001
}

resource "aws_cloudwatch_metric_alarm" "kvnode" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.summary}. docs/runbook.md#${lower(each.key)}"
  comparison_operator = can(each.value.below) ? "LessThanThreshold" : "GreaterThanThreshold"
  threshold           = try(each.value.below, each.value.above)
  evaluation_periods  = try(each.value.periods, 1)
  treat_missing_data  = try(each.value.missing, "notBreaching")
  alarm_actions       = [aws_sns_topic.alarms[each.value.severity].arn]
  ok_actions          = [aws_sns_topic.alarms[each.value.severity].arn]

  metric_query {
    id          = "outcome"
    expression  = each.value.expression
    label       = each.value.summary
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = local.metrics_namespace
        metric_name = metric_query.value.name
        stat        = metric_query.value.stat
        period      = try(each.value.period, 60)
        dimensions  = merge(local.dimensions, try(metric_query.value.labels, {}))
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "failures_burn" {
  for_each = local.burn_windows

  alarm_name          = "${var.name}-KvnodeFailuresBurnFast-${each.key}"
  alarm_description   = "Half of ${var.name}-KvnodeFailuresBurnFast: tells nobody by itself."
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.burn_bound
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "outcome"
    expression  = "IF(requests > 0, FILL(failed, 0) / requests, 0)"
    label       = "share of requests that fail"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { failed = "kvnode_request_failures_total", requests = "kvnode_bucket_requests_total" }

    content {
      id = metric_query.key

      metric {
        namespace   = local.metrics_namespace
        metric_name = metric_query.value
        stat        = "Sum"
        period      = each.value
        dimensions  = local.dimensions
      }
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "failures_burn" {
  alarm_name        = "${var.name}-KvnodeFailuresBurnFast"
  alarm_description = "More than ${100 * local.burn_bound} % of the requests fail. docs/runbook.md#kvnodefailuresburnfast"
  alarm_rule        = join(" AND ", [for window in sort(keys(local.burn_windows)) : "ALARM(\"${aws_cloudwatch_metric_alarm.failures_burn[window].alarm_name}\")"])
  alarm_actions     = [aws_sns_topic.alarms["page"].arn]
  ok_actions        = [aws_sns_topic.alarms["page"].arn]
}

# Of the machines, by the add-on.
resource "aws_cloudwatch_metric_alarm" "machines" {
  alarm_name          = "${var.name}-MachineFailed"
  alarm_description   = "Kubernetes says that a machine of the cluster is not ready."
  namespace           = "ContainerInsights"
  metric_name         = "cluster_failed_node_count"
  dimensions          = { ClusterName = var.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms["ticket"].arn]
  ok_actions          = [aws_sns_topic.alarms["ticket"].arn]
}
