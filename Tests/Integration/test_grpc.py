"""The gRPC interface through a client generated from proto/: batches, pipelined sessions, health, deadlines."""

import grpc
import pytest

from support.grpc_client import failure_of

SERVING = 1


def test_batches_answer_entry_by_entry(cluster, bucket):
    client = cluster[0].grpc
    m = client.m
    entries = [m.PutRequest(bucket=bucket, key=b"k%d" % index, value=b"%d" % index) for index in range(50)]
    entries.insert(10, m.PutRequest(bucket=bucket, key=b"", value=b"no key"))
    results = client.stub.BatchPut(m.BatchPutRequest(entries=entries, options=m.Options(w=3))).results
    assert len(results) == 51
    assert results[10].error.code == m.Error.CODE_INVALID_ARGUMENT
    assert all(result.response.context for index, result in enumerate(results) if index != 10)

    keys = [b"k%d" % index for index in range(50)] + [b"absent", b""]
    read = cluster[1].grpc.stub.BatchGet(m.BatchGetRequest(
        entries=[m.GetRequest(bucket=bucket, key=key) for key in keys], options=m.Options(r=1))).results
    assert [result.response.siblings[0].value for result in read[:50]] == [b"%d" % index for index in range(50)]
    assert read[50].WhichOneof("outcome") == "response" and not read[50].response.found
    assert read[51].error.reason == "invalid_argument"


def test_a_session_pipelines_by_id(cluster, bucket):
    client = cluster[0].grpc
    m = client.m
    operation, count = m.SessionOperation, 300
    puts = client.session(
        m.SessionRequest(operations=[
            operation(id=index, put=m.PutRequest(bucket=bucket, key=b"k%d" % index, value=b"%d" % index))
            for index in range(first, first + 30)])
        for first in range(0, count, 30))
    assert set(puts) == set(range(count))
    assert all(result.put.context for result in puts.values())

    mixed = [operation(id=index, get=m.GetRequest(bucket=bucket, key=b"k%d" % index)) for index in range(count)]
    mixed.append(operation(id=1000, get=m.GetRequest(bucket=bucket, key=b"")))
    mixed.append(operation(id=1001, get=m.GetRequest(bucket=bucket, key=b"absent")))
    mixed.append(operation(id=1002, list=m.ListRequest(bucket=bucket, prefix=b"k29", limit=1000)))
    mixed.append(operation(id=1003))
    mixed.append(operation(id=1004, put=m.PutRequest(bucket=bucket, key=b"k0", value=b"x", if_absent=True)))
    answers = cluster[2].grpc.session(m.SessionRequest(operations=[one]) for one in mixed)
    assert [answers[index].get.siblings[0].value for index in range(count)] == [b"%d" % index for index in range(count)]
    assert answers[1000].error.code == m.Error.CODE_INVALID_ARGUMENT
    assert not answers[1001].get.found
    assert {b"k29", b"k290", b"k299"} <= set(answers[1002].list.keys)
    assert answers[1003].error.code == m.Error.CODE_INVALID_ARGUMENT
    assert answers[1004].error.code == m.Error.CODE_FAILED_PRECONDITION

    gone = client.session([m.SessionRequest(operations=[operation(
        id=7, delete=m.DeleteRequest(bucket=bucket, key=b"k0", context=answers[0].get.context))])])
    assert gone[7].delete.context
    assert not cluster[1].grpc.get(bucket, b"k0").found


def test_conditions(cluster, bucket):
    client = cluster[0].grpc
    context = client.put(bucket, b"k", b"1", if_absent=True).context
    error = failure_of(lambda: cluster[1].grpc.put(bucket, b"k", b"2", if_absent=True))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert ("kvnode-reason", "precondition_failed") in error.trailing_metadata()
    cluster[1].grpc.put(bucket, b"k", b"2", if_match=context)
    assert failure_of(lambda: client.put(bucket, b"k", b"3", if_match=context)).code() == \
        grpc.StatusCode.FAILED_PRECONDITION
    assert failure_of(lambda: client.delete(bucket, b"k", if_match=context)).code() == \
        grpc.StatusCode.FAILED_PRECONDITION
    assert cluster[2].grpc.values(bucket, b"k") == [b"2"]


def test_health(cluster):
    for node in cluster.nodes:
        assert node.grpc.health_status() == SERVING
        assert node.grpc.health_status("kvnode.v1.KeyValue") == SERVING
        assert failure_of(lambda node=node: node.grpc.health_status("nobody")).code() == grpc.StatusCode.NOT_FOUND


def test_quorums_and_health_with_nodes_lost(start_cluster):
    cluster = start_cluster(["rocksdb", "leveldb", "lmdb"])
    cluster[2].kill()
    client = cluster[0].grpc
    client.put("b", b"k", b"v", options={"w": 2})
    assert cluster[1].grpc.values("b", b"k", r=2) == [b"v"]
    error = failure_of(lambda: client.put("b", b"k", b"v", options={"w": 3, "timeout_ms": 1500}))
    assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    trailing = dict(error.trailing_metadata())
    assert trailing["kvnode-replicas-needed"] == "3"
    assert trailing["kvnode-replicas-answered"] in ("1", "2")
    assert client.health_status() == SERVING

    cluster[1].kill()
    assert failure_of(lambda: client.get("b", b"k", timeout_ms=1500)).code() in (
        grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert client.health_status() != SERVING


@pytest.mark.parametrize("size", [0, 1, 1 << 20])
def test_values_of_any_size_up_to_the_limit(cluster, bucket, size):
    value = bytes(index * 7 % 251 for index in range(min(size, 1000))) * (size // 1000 + 1)
    value = value[:size]
    cluster[0].grpc.put(bucket, b"k", value)
    for node in cluster.nodes:
        assert node.grpc.values(bucket, b"k") == [value]
