"""HTTP. It tells dots and timestamps only where a key has several values."""

import base64
import json

import requests
import urllib3

from support.http import key_path

from ..history import Bucket, Shown
from ..security import Security
from . import CLIENT_SECONDS, REQUEST_MS, Failed, NotSent, Reply, identity

_CONTEXT = "X-Kvnode-Context"


class HTTPClient:
    name = "http"

    def __init__(self, host: str, port: int, security: Security | None):
        self._base = f"{'https' if security else 'http'}://{host}:{port}"
        self._session = requests.Session()
        self._session.trust_env = False
        if security:
            self._session.verify = str(security.trust)
            self._session.headers["Authorization"] = security.authorization

    def close(self) -> None:
        self._session.close()

    def get(self, bucket: Bucket, key: str) -> Reply:
        answer = self._request("GET", key_path(bucket.value, key), done={200, 300, 404})
        context = base64.b64decode(answer.headers.get(_CONTEXT, ""))
        if answer.status_code == 404:
            return Reply((), context)
        if answer.status_code == 200:
            return Reply((Shown(identity(answer.content)),), context)
        return Reply(tuple(
            Shown(identity(base64.b64decode(one["value"])), one["dot"], one["timestamp"])
            for one in json.loads(answer.content)), context)

    def put(self, bucket: Bucket, key: str, value: bytes, context: bytes) -> Reply:
        return self._write("PUT", bucket, key, context, body=value)

    def delete(self, bucket: Bucket, key: str, context: bytes) -> Reply:
        return self._write("DELETE", bucket, key, context)

    def _write(self, method: str, bucket: Bucket, key: str, context: bytes, body: bytes | None = None) -> Reply:
        headers = {_CONTEXT: base64.b64encode(context).decode()} if context else {}
        answer = self._request(method, key_path(bucket.value, key), {200, 201, 204}, headers, body)
        return Reply(None, base64.b64decode(answer.headers.get(_CONTEXT, "")))

    def add(self, bucket: Bucket, key: str, amount: int) -> int:
        return int(self._change(bucket, key, {"add": amount})["number"])

    def add_member(self, bucket: Bucket, key: str, member: str) -> int:
        return int(self._change(bucket, key, {"add_members": [member]})["count"])

    def remove_member(self, bucket: Bucket, key: str, member: str) -> int:
        return int(self._change(bucket, key, {"remove_members": [member]})["count"])

    def number(self, bucket: Bucket, key: str) -> int:
        return int(self._held(bucket, key).get("values", ["0"])[0])

    def members(self, bucket: Bucket, key: str) -> frozenset[str]:
        return frozenset(self._held(bucket, key).get("members", []))

    def _held(self, bucket: Bucket, key: str) -> dict:
        answer = self._request("GET", _data_path(bucket, key), {200, 404})
        return json.loads(answer.content) if answer.status_code == 200 else {}

    def _change(self, bucket: Bucket, key: str, change: dict) -> dict:
        answer = self._request("POST", _data_path(bucket, key), {200}, {}, json.dumps(change).encode())
        return json.loads(answer.content)

    def _request(
        self, method: str, path: str, done: set[int], headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method, self._base + path, params={"timeout": f"{REQUEST_MS}ms"}, headers=headers, data=body,
                timeout=CLIENT_SECONDS)
        except requests.ConnectionError as error:
            if _is_refusal(error):
                raise NotSent(repr(error)[:300]) from error
            raise Failed(repr(error)[:300]) from error
        except requests.RequestException as error:
            raise Failed(repr(error)[:300]) from error
        if answer.status_code not in done:
            raise Failed(f"{answer.status_code}: {answer.text[:300]}")
        return answer


def _data_path(bucket: Bucket, key: str) -> str:
    return f"/v1/buckets/{bucket.value}/data/{key}"


def _is_refusal(error: requests.ConnectionError) -> bool:
    """Whether no connection came to be, which urllib3 says by the reason for which it has given up."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
