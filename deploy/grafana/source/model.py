"""Dashboards, rows and panels, and the JSON that Grafana reads of them."""

import urllib.parse
from dataclasses import dataclass, field

WIDTH = 24
# What every query is limited to; variables of the dashboards.
CLUSTER = 'cluster=~"$cluster"'
NODE = 'cluster=~"$cluster",instance=~"$instance"'
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass
class Query:
    """An expression, and what its series are called."""

    expr: str
    legend: str = ""


@dataclass
class Panel:
    title: str
    queries: list[Query]
    # Grafana's name of the unit.
    unit: str = "short"
    # What it shows, and what to make of it.
    description: str = ""
    kind: str = "timeseries"
    width: int = 8
    height: int = 7
    stacked: bool = False
    allows_negative: bool = False
    # Of a stat: (from this value on, colour), the first from the least on.
    thresholds: list[tuple[float | None, str]] = field(default_factory=list)
    # Where a click on a series leads: `logs` and `traces`.
    links: list[dict] = field(default_factory=list)

    def json(self, number: int, x: int, y: int) -> dict:
        defaults: dict = {"unit": self.unit}
        if self.links:
            defaults["links"] = self.links
        if self.kind == "timeseries":
            if not self.allows_negative:
                defaults["min"] = 0
            defaults["custom"] = {
                "fillOpacity": 30 if self.stacked else 8, "showPoints": "never",
                "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"}}
            options = {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
                       "tooltip": {"mode": "multi", "sort": "desc"}}
        elif self.kind == "stat":
            defaults["thresholds"] = {
                "mode": "absolute",
                "steps": [{"value": value, "color": colour} for value, colour in self.thresholds or [(None, "text")]]}
            options = {"colorMode": "value", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}}
        elif self.kind == "heatmap":
            options = {"calculate": False, "yAxis": {"unit": self.unit}, "color": {"scheme": "Oranges", "mode": "scheme"}}
        else:
            options = {"showHeader": True}
        return {
            "id": number, "type": self.kind, "title": self.title, "description": self.description,
            "datasource": DATASOURCE, "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": defaults, "overrides": []}, "options": options,
            "targets": [self._target(place, query) for place, query in enumerate(self.queries)],
        }

    def _target(self, place: int, query: Query) -> dict:
        target = {
            "refId": chr(ord("A") + place), "datasource": DATASOURCE, "expr": query.expr,
            "legendFormat": query.legend or "__auto"}
        if self.kind == "heatmap":
            target["format"] = "heatmap"
        if self.kind == "table":
            target |= {"format": "table", "instant": True}
        if "_bucket" in query.expr:
            # The trace of one request of a bucket.
            target["exemplar"] = True
        return target


@dataclass
class Row:
    title: str
    panels: list[Panel]


@dataclass
class Dashboard:
    uid: str
    title: str
    description: str
    rows: list[Row]
    # Whether it is of one node at a time, or of some.
    has_instances: bool = False
    # Name, label and query of variables that take the place of the cluster.
    variables: list[tuple[str, str, str]] = field(default_factory=list)

    def json(self) -> dict:
        panels, number, y = [], 1, 0
        for row in self.rows:
            panels.append({"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
                           "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
            number, y, x, height = number + 1, y + 1, 0, 0
            for panel in row.panels:
                if x + panel.width > WIDTH:
                    x, y, height = 0, y + height, 0
                panels.append(panel.json(number, x, y))
                number, x, height = number + 1, x + panel.width, max(height, panel.height)
            y += height
        return {
            "uid": self.uid, "title": self.title, "description": self.description, "tags": ["kvnode"],
            "schemaVersion": 39, "version": 1, "editable": True, "graphTooltip": 1, "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"}, "timezone": "browser",
            "templating": {"list": self._variables()}, "links": self._links(), "panels": panels,
            "annotations": {"list": [] if self.variables else [self._restarts()]},
        }

    def _variables(self) -> list[dict]:
        asked = self.variables or [("cluster", "Cluster", "label_values(kvnode_build_info, cluster)")]
        variables = [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        variables += [_values(*each) for each in asked]
        if self.has_instances:
            variables.append(
                _values("instance", "Node", 'label_values(kvnode_build_info{cluster=~"$cluster"}, instance)'))
        for name, label, address in [
            ("traces", "Jaeger", "http://localhost:16686"), ("logs", "Kibana", "http://localhost:5601")]:
            variables.append({"name": name, "label": label, "type": "textbox", "query": address,
                              "current": {"text": address, "value": address}})
        return variables

    @staticmethod
    def _links() -> list[dict]:
        return [
            {"type": "dashboards", "title": "kvnode", "tags": ["kvnode"], "asDropdown": True,
             "includeVars": True, "keepTime": True},
            {"type": "link", "title": "Traces", "icon": "external link", "targetBlank": True,
             "url": _traces_url()},
            {"type": "link", "title": "Logs", "icon": "external link", "targetBlank": True,
             "url": _logs_url("service.name:kvnode")},
        ]

    @staticmethod
    def _restarts() -> dict:
        """Marks the starts of processes."""
        return {
            "name": "Starts", "datasource": DATASOURCE, "enable": True, "iconColor": "blue",
            "expr": f"changes(process_start_time_seconds{{job=\"kvnode\",{CLUSTER}}}[2m]) > 0",
            "titleFormat": "{{instance}} has started"}


def traces(title: str, **parameters: str) -> dict:
    """A link to Jaeger's search for the traces of the time that is shown."""
    return {"title": title, "url": _traces_url(**parameters), "targetBlank": True}


def logs(title: str, query: str) -> dict:
    """A link to the lines of that time in Kibana that `query`, in KQL, finds."""
    return {"title": title, "url": _logs_url(query), "targetBlank": True}


def _traces_url(**parameters: str) -> str:
    asked = "".join(f"&{name}={urllib.parse.quote(value)}" for name, value in parameters.items())
    # Jaeger's times are in microseconds.
    return "${traces}/search?service=kvnode&start=${__from}000&end=${__to}000" + asked


def _logs_url(query: str) -> str:
    return ("${logs}/app/discover#/?_g=(time:(from:'${__from:date:iso}',to:'${__to:date:iso}'))"
            f"&_a=(query:(language:kuery,query:'{urllib.parse.quote(query, safe=':*')}'))")


# What the panels of times and of failures lead to.
SLOW = [traces("Traces of slow requests", minDuration="100ms"), logs("Slow requests in the log", "log.logger:slow_requests")]
FAILED = [traces("Traces of failures", tags='{"error":"true"}'),
          logs("Warnings and errors", "log.level:(warning or error or critical) and not log.logger:slow_requests")]


def _values(name: str, label: str, query: str) -> dict:
    return {"name": name, "label": label, "type": "query", "datasource": DATASOURCE, "query": query,
            "refresh": 2, "multi": True, "includeAll": True, "allValue": ".*",
            "current": {"text": "All", "value": "$__all"}}


def rate(metric: str, selector: str, *, by: str = "") -> str:
    """The sum of a counter's rates."""
    summed = f"sum by ({by}) " if by else "sum "
    return f"{summed}(rate({metric}{{{selector}}}[$__rate_interval]))"


def quantile(share: float, metric: str, selector: str, *, by: str = "") -> str:
    labels = ", ".join(["le"] + ([by] if by else []))
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{{selector}}}[$__rate_interval])))"
