"""What a node tells at /metrics, read by the parsers of Prometheus's own Python client."""

import math

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PARSERS = {
    PROMETHEUS: parser.text_string_to_metric_families,
    OPEN_METRICS: openmetrics_parser.text_string_to_metric_families,
}

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """One scrape."""

    def __init__(self, text: str, content_type: str):
        self.text = text
        self.families = {family.name: family for family in PARSERS[content_type](text)}
        self.samples: dict[tuple[str, Labels], float] = {}
        for family in self.families.values():
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self.samples, f"{key} is there twice"
                self.samples[key] = sample.value

    def __getitem__(self, name: str) -> float:
        """The sum of a metric's samples."""
        return self.sum(name)

    def sum(self, name: str, **labels: str) -> float:
        """Of the samples that have these labels, whatever others they have; 0 if there is none."""
        return sum(
            value for (sample, own), value in self.samples.items()
            if sample == name and all((label, wanted) in own for label, wanted in labels.items()))

    def has(self, name: str) -> bool:
        return any(sample == name for sample, _ in self.samples)


def scrape(node, content_type: str = PROMETHEUS) -> Metrics:
    answer = node.http.request("GET", "/metrics", headers={"Accept": content_type})
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == content_type
    return Metrics(answer.body.decode(), content_type)


def check_histograms(metrics: Metrics) -> int:
    """Each histogram's buckets grow, and end in its count. Gives how many there are."""
    count = 0
    for family in metrics.families.values():
        if family.type != "histogram":
            continue
        buckets: dict[Labels, list[tuple[float, float]]] = {}
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
                buckets.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
        for labels, series in buckets.items():
            bounds, counts = [bound for bound, _ in series], [value for _, value in series]
            assert bounds == sorted(bounds) and bounds[-1] == math.inf, family.name
            assert counts == sorted(counts), f"{family.name} falls"
            assert counts[-1] == metrics.samples[(family.name + "_count", labels)], family.name
            total = metrics.samples[(family.name + "_sum", labels)]
            assert total >= 0 and (counts[-1] > 0 or total == 0), family.name
            count += 1
    return count
