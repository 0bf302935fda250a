"""A client of the HTTP interface: no more than names for its URLs and headers."""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

import requests

from .certificates import Authority

# Longer than any deadline that a test gives a request: a node that never answers fails the test, not the run.
CLIENT_TIMEOUT = 30


@dataclass
class Answer:
    status: int
    headers: requests.structures.CaseInsensitiveDict
    body: bytes
    values: list[bytes] = field(default_factory=list)

    @property
    def context(self) -> str:
        return self.headers.get("X-Kvnode-Context", "")

    @property
    def is_stored(self) -> bool:
        """Whether a put or a delete was done; fails with what was answered instead, as that says why."""
        assert self.status in (200, 201, 204), self
        return True

    @property
    def problem(self) -> dict:
        """The members of a problem document."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self
        return requests.models.complexjson.loads(self.body)

    def json(self):
        return requests.models.complexjson.loads(self.body)


class HTTPClient:
    """Requests to one node, over one kept connection. One thread at a time."""

    def __init__(self, port: int, authorization: str | None = None, authority: Authority | None = None):
        self.base = f"{'http' if authority is None else 'https'}://127.0.0.1:{port}"
        self.session = requests.Session()
        if authorization:
            self.session.headers["Authorization"] = authorization
        if authority is not None:
            self.session.verify = str(authority.trust)
        self.session.trust_env = False  # a proxy in the environment is not for the loopback address

    def close(self) -> None:
        self.session.close()

    def request(self, method: str, path: str, *, headers=None, body: bytes | None = None, **parameters) -> Answer:
        answered = self.session.request(
            method, self.base + path, params=parameters, headers=headers or {}, data=body, timeout=CLIENT_TIMEOUT)
        answer = Answer(answered.status_code, answered.headers, answered.content)
        if answer.status == 200:
            answer.values = [answer.body]
        elif answer.status == 300 and answer.body and "json" in answered.headers["Content-Type"]:
            answer.values = sorted(base64.b64decode(one["value"]) for one in answer.json())
        return answer

    def get(self, bucket: str, key: str | bytes, headers=None, **parameters) -> Answer:
        return self.request("GET", key_path(bucket, key), headers=headers, **parameters)

    def put(
        self, bucket: str, key: str | bytes, value: bytes, context: str = "", headers=None, **parameters
    ) -> Answer:
        headers = dict(headers or {})
        if context:
            headers["X-Kvnode-Context"] = context
        return self.request("PUT", key_path(bucket, key), headers=headers, body=value, **parameters)

    def delete(self, bucket: str, key: str | bytes, context: str = "", headers=None, **parameters) -> Answer:
        headers = dict(headers or {})
        if context:
            headers["X-Kvnode-Context"] = context
        return self.request("DELETE", key_path(bucket, key), headers=headers, **parameters)

    def list(self, bucket: str, **parameters) -> Answer:
        return self.request("GET", f"/v1/buckets/{quote(bucket, safe='')}/keys", **parameters)

    def properties(self, bucket: str) -> dict:
        answer = self.request("GET", f"/v1/buckets/{quote(bucket, safe='')}/properties")
        assert answer.status == 200, answer
        return answer.json()

    def set_properties(self, bucket: str, properties) -> Answer:
        return self.request(
            "PUT", f"/v1/buckets/{quote(bucket, safe='')}/properties",
            headers={"Content-Type": "application/json"},
            body=requests.models.complexjson.dumps(properties).encode())


def key_path(bucket: str, key: str | bytes) -> str:
    return f"/v1/buckets/{quote(bucket, safe='')}/keys/{quote(key, safe='')}"


def all_keys(http: HTTPClient, bucket: str, **parameters) -> set[bytes]:
    """Every key of a listing, page by page; none comes twice."""
    found: list[bytes] = []
    cursor = {}
    for _ in range(1000):
        answer = http.list(bucket, **parameters, **cursor)
        assert answer.status == 200, answer
        page = answer.json()
        found += [
            one["key"].encode() if "key" in one else base64.b64decode(one["key_base64"]) for one in page["keys"]]
        if not page.get("cursor"):
            assert len(found) == len(set(found)), "a key came twice"
            return set(found)
        cursor = {"cursor": page["cursor"]}
    raise AssertionError("the listing does not end")
