"""A server that speaks Elasticsearch's protocol, with the index template that is deployed."""

import json

import requests
from osmem_server import OsmemServer

from .binary import REPOSITORY

TEMPLATE = REPOSITORY / "deploy/elk/elasticsearch/index-template.json"
INDEX = "logs-kvnode-default"
TIMEOUT = 30


class Elastic:
    """In memory, for one test. It has no data streams, pipelines or policies: what names those is left out of the template."""

    def __init__(self):
        self._server = OsmemServer.start(japanese=False)
        template = json.loads(TEMPLATE.read_text())
        del template["data_stream"]
        del template["template"]["settings"]
        self._done(self._call("PUT", "/_index_template/kvnode-logs", json=template))

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> "Elastic":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def bulk(self, lines: list[str]) -> list[tuple[str, dict]]:
        """Loads each line as a document; gives back those that were rejected, each with the reason."""
        body = "".join(f'{{"create":{{}}}}\n{line}\n' for line in lines)
        answer = self._done(self._call(
            "POST", f"/{INDEX}/_bulk?refresh=true", data=body.encode(),
            headers={"Content-Type": "application/x-ndjson"}))
        assert len(answer["items"]) == len(lines), answer
        return [(line, item["create"]["error"]) for line, item in zip(lines, answer["items"])
                if "error" in item["create"]]

    def search(self, **terms) -> list[dict]:
        """Documents whose fields, with `__` for a dot, have just these values."""
        filters = [{"term": {name.replace("__", "."): value}} for name, value in terms.items()]
        answer = self._done(self._call(
            "POST", f"/{INDEX}/_search", json={"size": 10_000, "query": {"bool": {"filter": filters}}}))
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    def _call(self, method: str, path: str, **options) -> requests.Response:
        return requests.request(method, self._server.url + path, timeout=TIMEOUT, **options)

    @staticmethod
    def _done(answer: requests.Response) -> dict:
        assert answer.status_code == 200, answer.text
        return answer.json()
