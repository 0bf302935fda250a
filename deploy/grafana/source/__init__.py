"""Where Grafana's dashboards come from: `scripts/dashboards` writes ../dashboards."""
