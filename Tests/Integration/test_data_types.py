"""Counters, sets and maps over gRPC, HTTP and Redis's protocol: every interface shows the same, and no node's end loses any of it."""

import json
import threading

import pytest
import redis

from support.http import HTTPClient


def data(node, bucket: str, key: str, change: dict | None = None, **parameters):
    path = f"/v1/buckets/{bucket}/data/{key}"
    if change is None:
        return node.http.request("GET", path, **parameters)
    return node.http.request("POST", path, body=json.dumps(change).encode(), **parameters)


def test_every_interface_shows_the_same(cluster, bucket):
    first, second, third = cluster.nodes
    with redis.Redis(port=third.resp_port, single_connection_client=True, protocol=3) as client:
        client.execute_command("KV.BUCKET", bucket)
        assert client.incr("n", 3) == 3
        assert data(first, bucket, "n", {"add": 4}).json() == {"number": "7"}
        assert data(second, bucket, "n").json() == {"type": "string", "values": ["7"]}
        assert second.http.get(bucket, "n").values == [b"7"]
        m = first.grpc.m
        assert first.grpc.stub.Get(m.GetRequest(bucket=bucket, key=b"n")).siblings[0].value == b"7"
        added = second.grpc.stub.UpdateData(
            m.UpdateDataRequest(bucket=bucket, key=b"n", add=m.Number(decimal="0.5")))
        assert added.number == "7.5" and client.get("n") == b"7.5"

        assert data(first, bucket, "s", {"add_members": ["a", "b"]}).json() == {"count": 2}
        assert client.srem("s", "a") == 1
        assert data(second, bucket, "s").json() == {"type": "set", "members": ["b"]}
        assert third.grpc.stub.GetData(m.GetRequest(bucket=bucket, key=b"s")).members.members == [b"b"]
        assert data(first, bucket, "m", {"set_fields": {"f": "1"}}).json() == {"count": 1}
        assert client.hincrby("m", "f", 4) == 5
        assert data(second, bucket, "m").json() == {"type": "map", "fields": {"f": "5"}}
        session = first.grpc.session([m.SessionRequest(operations=[
            m.SessionOperation(id=1, get_data=m.GetRequest(bucket=bucket, key=b"m")),
            m.SessionOperation(id=2, update_data=m.UpdateDataRequest(
                bucket=bucket, key=b"t", set_fields=m.Fields(fields=[m.Field(name=b"g", value=b"2")]))),
            m.SessionOperation(id=3, update_data=m.UpdateDataRequest(
                bucket=bucket, key=b"s", add=m.Number(integer=1))),
            m.SessionOperation(id=4, get=m.GetRequest(bucket=bucket, key=b"s")),
        ])])
        assert [(field.name, field.value) for field in session[1].get_data.fields.fields] == [(b"f", b"5")]
        assert session[2].update_data.count == 1
        assert session[3].error.reason == session[4].error.reason == "wrong_type"
        assert client.hgetall("t") == {b"g": b"2"}
        assert sorted(client.keys()) == [b"m", b"n", b"s", b"t"]

    refused = second.http.get(bucket, "s")
    assert refused.status == 409 and refused.problem["type"] == "urn:kvnode:problem:wrong-type"
    assert data(second, bucket, "s", {"add": 1}).status == 409
    assert second.http.delete(bucket, "s", data(second, bucket, "s").context).is_stored
    assert data(third, bucket, "s").status == 404


@pytest.mark.parametrize("engines", [["rocksdb", "leveldb", "lmdb"]], ids=["mix"])
def test_no_acknowledged_change_is_lost_when_a_node_is_killed(start_cluster, engines):
    cluster = start_cluster(engines)
    workers, changes_each = 4, 60
    counted = [[0, 0] for _ in range(workers)]  # acknowledged, and asked for
    members: list[set[str]] = [set() for _ in range(workers)]
    failures: list[BaseException] = []
    half_done = threading.Barrier(workers + 1, timeout=60)

    def change(number: int) -> None:
        clients = [HTTPClient(node.http_port) for node in cluster.nodes]

        def post(index: int, key: str, body: dict) -> bool:
            try:
                answer = clients[(number + index) % 3].request(
                    "POST", f"/v1/buckets/b/data/{key}", body=json.dumps(body).encode(), timeout="5s")
            except OSError:
                return False  # the node is gone; requests' errors are OSErrors
            return answer.status == 200

        try:
            for index in range(changes_each):
                if index == changes_each // 3:
                    half_done.wait()
                counted[number][1] += 1
                counted[number][0] += post(index, "n", {"add": 1})
                if post(index, "s", {"add_members": [f"{number}-{index}"]}):
                    members[number].add(f"{number}-{index}")
        except BaseException as error:
            failures.append(error)
        finally:
            for client in clients:
                client.close()

    threads = [threading.Thread(target=change, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    half_done.wait()
    cluster[1].kill()
    for thread in threads:
        thread.join(60)
    assert not failures, failures

    acknowledged, asked = (sum(one[index] for one in counted) for index in (0, 1))
    assert acknowledged > asked // 2
    cluster[1].start()
    cluster.wait_connected()
    for node in cluster.nodes:
        total = int(data(node, "b", "n", r=3).json()["values"][0])
        assert acknowledged <= total <= asked
        assert set().union(*members) <= set(data(node, "b", "s", r=3).json()["members"])
