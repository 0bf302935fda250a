"""Values, siblings and contexts: what one node takes, every node serves, whatever its engine and the protocol."""

import base64
import email.parser
import email.policy

import pytest


def read_everywhere(cluster, bucket: str, key: str) -> list[list[bytes]]:
    """The key's values as each node gives them over each protocol."""
    answers = []
    for node in cluster.nodes:
        answers.append(node.http.get(bucket, key).values)
        answers.append(node.grpc.values(bucket, key.encode()))
    return answers


@pytest.mark.parametrize("writer", range(3))
def test_a_value_put_at_one_node_is_read_at_every_node(cluster, bucket, writer):
    assert cluster[writer].http.put(bucket, "by-http", b"one").is_stored
    cluster[writer].grpc.put(bucket, b"by-grpc", b"two")
    assert read_everywhere(cluster, bucket, "by-http") == [[b"one"]] * 6
    assert read_everywhere(cluster, bucket, "by-grpc") == [[b"two"]] * 6


def test_concurrent_puts_are_siblings_until_a_put_with_their_context(cluster, bucket):
    first, second, third = (node.http for node in cluster.nodes)
    first.put(bucket, "cart", b"milk")
    context = second.get(bucket, "cart").context
    assert second.put(bucket, "cart", b"milk, eggs", context).is_stored
    assert third.put(bucket, "cart", b"milk, tea", context).is_stored
    assert read_everywhere(cluster, bucket, "cart") == [[b"milk, eggs", b"milk, tea"]] * 6

    both = first.get(bucket, "cart")
    assert both.status == 300
    assert first.put(bucket, "cart", b"milk, eggs, tea", both.context).is_stored
    assert read_everywhere(cluster, bucket, "cart") == [[b"milk, eggs, tea"]] * 6


def test_concurrent_puts_over_grpc(cluster, bucket):
    first, second, third = (node.grpc for node in cluster.nodes)
    context = first.put(bucket, b"cart", b"milk").context
    second.put(bucket, b"cart", b"eggs", context=context)
    answer = third.put(bucket, b"cart", b"tea", context=context, return_siblings=True)
    assert sorted(sibling.value for sibling in answer.siblings) == [b"eggs", b"tea"]
    assert read_everywhere(cluster, bucket, "cart") == [[b"eggs", b"tea"]] * 6
    dots = [(sibling.dot.actor, sibling.dot.counter) for sibling in first.get(bucket, b"cart").siblings]
    assert dots == sorted(set(dots)) and len(dots) == 2

    second.put(bucket, b"cart", b"eggs and tea", context=answer.context)
    assert read_everywhere(cluster, bucket, "cart") == [[b"eggs and tea"]] * 6


def test_a_context_from_http_serves_over_grpc_and_back(cluster, bucket):
    context = base64.b64decode(cluster[0].http.put(bucket, "k", b"1").context)
    context = cluster[1].grpc.put(bucket, b"k", b"2", context=context).context
    assert cluster[2].http.put(bucket, "k", b"3", base64.b64encode(context).decode()).is_stored
    assert read_everywhere(cluster, bucket, "k") == [[b"3"]] * 6


def test_siblings_as_json_and_as_multipart(cluster, bucket):
    http = cluster[0].http
    http.put(bucket, "k", b"\x00\xff", headers={"Content-Type": "application/x-one"})
    http.put(bucket, "k", b"two", headers={"Content-Type": "text/x-two"})

    listed = http.get(bucket, "k").json()
    found = {one["content_type"]: base64.b64decode(one["value"]) for one in listed}
    assert found == {"application/x-one": b"\x00\xff", "text/x-two": b"two"}
    assert all(one["timestamp"] > 1_700_000_000_000 and ":" in one["dot"] for one in listed)

    answer = http.get(bucket, "k", headers={"Accept": "multipart/mixed"})
    assert answer.status == 300
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + answer.body)
    assert {part.get_content_type(): part.get_payload(decode=True) for part in message.iter_parts()} == found


def test_a_delete_covers_what_its_context_has_seen(cluster, bucket):
    first, second, third = (node.http for node in cluster.nodes)
    context = first.put(bucket, "k", b"old").context
    assert second.delete(bucket, "k", context).is_stored
    for node in cluster.nodes:
        gone = node.http.get(bucket, "k")
        assert gone.status == 404 and gone.context, gone
        assert not node.grpc.get(bucket, b"k").found
    assert third.put(bucket, "k", b"new", first.get(bucket, "k").context).is_stored
    assert read_everywhere(cluster, bucket, "k") == [[b"new"]] * 6


def test_a_put_concurrent_to_a_delete_survives(cluster, bucket):
    context = cluster[0].http.put(bucket, "k", b"old").context
    cluster[1].http.put(bucket, "k", b"kept", context)
    cluster[2].http.delete(bucket, "k", context)
    assert read_everywhere(cluster, bucket, "k") == [[b"kept"]] * 6


def test_a_key_never_written_is_absent_without_a_context(cluster, bucket):
    absent = cluster[0].http.get(bucket, "nothing")
    assert (absent.status, absent.context) == (404, "")
    answer = cluster[1].grpc.get(bucket, b"nothing")
    assert (answer.found, answer.context) == (False, b"")


@pytest.mark.parametrize("value", [b"", b"\x00" * 7, bytes(range(256)) * 64], ids=["empty", "zeros", "16 KiB"])
def test_values_and_keys_are_any_bytes(cluster, bucket, value):
    for key in (b"\x00", b"a/b//c ?#%", bytes(range(256)), b"k" * 480):
        assert cluster[0].http.put(bucket, key, value).is_stored
        assert cluster[1].http.get(bucket, key).values == [value]
        assert cluster[2].grpc.values(bucket, key) == [value]


def test_conditional_puts(cluster, bucket):
    http = cluster[0].http
    created = http.put(bucket, "k", b"1", headers={"If-None-Match": "*"})
    assert created.is_stored
    assert cluster[1].http.put(bucket, "k", b"2", headers={"If-None-Match": "*"}).status == 412

    etag = http.get(bucket, "k").headers["ETag"]
    assert http.get(bucket, "k", headers={"If-None-Match": etag}).status == 304
    assert cluster[2].http.put(bucket, "k", b"3", headers={"If-Match": etag}).is_stored
    refused = http.put(bucket, "k", b"4", headers={"If-Match": etag})
    assert refused.status == 412 and refused.problem["status"] == 412
    assert http.delete(bucket, "k", headers={"If-Match": etag}).status == 412
    assert read_everywhere(cluster, bucket, "k") == [[b"3"]] * 6


def test_quorums_of_a_request(cluster, bucket):
    for quorum in ({"w": 1}, {"w": 3}, {"n": 1, "w": 1}, {"n": 2, "w": 2}):
        assert cluster[0].http.put(bucket, f"k{quorum}", b"v", **quorum).is_stored
    for reader in cluster.nodes:
        assert reader.http.get(bucket, "k{'w': 1}", r=3).values == [b"v"]
        assert reader.http.get(bucket, "k{'w': 3}", r=1).values == [b"v"]
        assert reader.http.get(bucket, "k{'n': 1, 'w': 1}", n=1, r=1).values == [b"v"]
