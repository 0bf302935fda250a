from .model import Dashboard, Panel, Query, Row

# Of kube-state-metrics and of the kubelet. What `cluster` is for them depends on the installation, so they are not limited to it.
POD = 'namespace=~"$namespace",pod=~"$pod"'
CONTAINER = POD + ',container="kvnode"'


def by_pod(title: str, expr: str, unit: str = "short", description: str = "") -> Panel:
    return Panel(title, [Query(f"sum by (pod) ({expr})", "{{pod}}")], unit, description)


DASHBOARD = Dashboard("kvnode-kubernetes", "kvnode / Kubernetes", "The pods of a cluster, as Kubernetes sees them.", [
    Row("Pods", [
        by_pod("Ready", f'kube_pod_status_ready{{{POD},condition="true"}}', "none"),
        by_pod("Restarts", f"increase(kube_pod_container_status_restarts_total{{{CONTAINER}}}[$__rate_interval])", "none"),
        Panel("Ended because of", [Query(
            f"sum by (pod, reason) (kube_pod_container_status_last_terminated_reason{{{CONTAINER}}})", "{{pod}} {{reason}}")],
            description="OOMKilled: the limit of memory is too low for caches and requests."),
    ]),
    Row("What they take", [
        by_pod("Processor", f"rate(container_cpu_usage_seconds_total{{{CONTAINER}}}[$__rate_interval])", "none"),
        by_pod("Held back by the limit", f"rate(container_cpu_cfs_throttled_seconds_total{{{CONTAINER}}}[$__rate_interval])", "s",
               "Seconds a second in which the container was not let run."),
        by_pod("Memory, of the limit", f"container_memory_working_set_bytes{{{CONTAINER}}} / on (namespace, pod, container) "
               f'kube_pod_container_resource_limits{{{CONTAINER},resource="memory"}}', "percentunit"),
        by_pod("Received", f"rate(container_network_receive_bytes_total{{{POD}}}[$__rate_interval])", "Bps"),
        by_pod("Sent", f"rate(container_network_transmit_bytes_total{{{POD}}}[$__rate_interval])", "Bps"),
        Panel("Volumes", [Query(
            'max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes{namespace=~"$namespace"} '
            '/ kubelet_volume_stats_capacity_bytes{namespace=~"$namespace"})', "{{persistentvolumeclaim}}")], "percentunit"),
    ]),
], variables=[
    ("namespace", "Namespace", "label_values(kube_pod_info, namespace)"),
    ("pod", "Pod", 'label_values(kube_pod_info{namespace=~"$namespace",pod=~".*kvnode.*"}, pod)'),
])
