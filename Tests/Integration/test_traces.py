"""Traces: what three nodes tell a receiver that is not ours of a client's requests, and what they do without one."""

import subprocess

import pytest
import yaml

from support.certificates import Authority
from support.cluster import BINARY, Cluster, clean_environment
from support.metrics import OPEN_METRICS, scrape
from support.traces import (
    CLIENT, FAILED, INTERNAL, SERVER, GRPCReceiver, HTTPReceiver, HTTPSReceiver, Parent, TraceID, Tree, attributes, tree)
from support.waiting import eventually

BUCKET = "carts"
KEY, VALUE = "a-secret-key", b"a-secret-value"
MIX = ["rocksdb", "leveldb", "lmdb"]
# No request is recorded but those whose clients ask for it, and those that fail.
ASKED_FOR = {"sample_ratio": 0, "flush_ms": 50}
NONE_IS_SLOW = {"slow_request_ms": 0}
EXPORTED, DROPPED, QUEUED = (
    "kvnode_trace_spans_exported_total", "kvnode_trace_spans_dropped_total", "kvnode_trace_queued_spans")


@pytest.fixture(scope="module", params=[HTTPReceiver, GRPCReceiver], ids=["to-http", "to-grpc"])
def receiver(request):
    made = request.param()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def traced(tmp_path_factory, stubs, receiver):
    """Three nodes, one on each engine, that send traces to `receiver`."""
    shared = Cluster(tmp_path_factory.mktemp("traced"), MIX, stubs, {
        "tracing": receiver.settings | ASKED_FOR, "log": NONE_IS_SLOW})
    try:
        yield shared.start()
    finally:
        shared.stop()


def put_over_http(node, parent: Parent | None, bucket: str = BUCKET) -> None:
    headers = {"traceparent": parent.traceparent} if parent else {}
    assert node.http.put(bucket, KEY, VALUE, w=3, headers=headers).is_stored


def put_over_grpc(node, parent: Parent) -> None:
    node.grpc.stub.Put(
        node.grpc.m.PutRequest(bucket=BUCKET, key=KEY.encode(), value=VALUE, options=node.grpc.options(w=3)),
        timeout=30, metadata=[("traceparent", parent.traceparent)])


PUTS = {"http": put_over_http, "grpc": put_over_grpc}


def whole_tree(receiver, parent: Parent, size: int) -> Tree:
    """The trace of a request, once it has so many spans."""
    def come() -> Tree | None:
        spans = receiver.spans(parent.trace)
        return tree(spans, parent) if len(spans) >= size else None

    return eventually(come, f"a tree of {size} spans")


def check_put(root: Tree, protocol: str) -> None:
    """One put with W = 3 on three nodes: its coordinator, three replicas, three commits."""
    told = root.shows()
    assert root.span.kind == SERVER, told
    about = root.attributes
    assert about["db.operation.name"] == "put" and about["db.collection.name"] == BUCKET, told
    assert about["network.protocol.name"] == protocol, told
    # The one that coordinates commits by itself, and asks the two others.
    own, = root.of_kind(INTERNAL)
    assert [child.name for child in own.children] == ["engine commit"], told
    nodes = {about["server.address"]}
    asked = root.of_kind(CLIENT)
    assert len(asked) == 2, told
    for ask in asked:
        served, = ask.children
        assert served.span.kind == SERVER, told
        assert served.attributes["server.address"] == ask.attributes["server.address"], told
        assert [child.name for child in served.children] == ["engine commit"], told
        nodes.add(ask.attributes["server.address"])
    assert nodes == {"node0", "node1", "node2"}, told
    check_times(root)


def check_times(parent: Tree) -> None:
    """Each span ends after its begin, and within its parent if that is of the same node and waits for it."""
    assert 0 < parent.span.start_time_unix_nano <= parent.span.end_time_unix_nano, parent.shows()
    for child in parent.children:
        # Another node's clock may differ. A group commit may have begun for another write.
        if child.span.kind != SERVER:
            assert child.span.end_time_unix_nano <= parent.span.end_time_unix_nano, parent.shows()
        check_times(child)


@pytest.mark.parametrize("protocol", PUTS)
def test_one_put_is_one_tree(traced, receiver, protocol):
    parent = TraceID.new().parent()
    # A node that is a replica, as all of three are: nobody has to send the request on.
    PUTS[protocol](traced[0], parent)
    root = whole_tree(receiver, parent, 9)
    assert root.size == 9, root.shows()
    check_put(root, protocol)
    for span in receiver.spans(parent.trace):
        assert KEY.encode() not in span.SerializeToString() and VALUE not in span.SerializeToString()


def test_a_get_that_may_wait_for_a_disk(tmp_path, stubs):
    """The library cannot tell what it has in memory, and there is no cache before it."""
    receiver = HTTPReceiver()
    cluster = Cluster(tmp_path, ["leveldb"] * 3, stubs, {
        "engine": {"row_cache_bytes": 0}, "tracing": receiver.settings | ASKED_FOR, "log": NONE_IS_SLOW})
    try:
        node = cluster.start()[0]
        put_over_http(node, None)
        parent = TraceID.new().parent()
        assert node.http.get(BUCKET, KEY, r=3, headers={"traceparent": parent.traceparent}).values == [VALUE]
        root = whole_tree(receiver, parent, 9)
        own, = root.of_kind(INTERNAL)
        reads = [own] + [served for ask in root.of_kind(CLIENT) for served in ask.children]
        assert len(reads) == 3, root.shows()
        for read in reads:
            below, = read.children
            assert below.name == "engine read" and below.attributes == {"kvnode.read.keys": 1}, root.shows()
            assert "kvnode.read.resident" not in read.attributes
        check_times(root)
    finally:
        cluster.stop()
        receiver.stop()


def test_what_is_not_sampled_is_not_told(traced, receiver):
    silent, told = TraceID.new().parent(is_sampled=False), TraceID.new().parent()
    put_over_http(traced[1], silent)
    # At a ratio of 0.
    put_over_http(traced[1], None, "silent")
    put_over_http(traced[1], told)
    whole_tree(receiver, told, 9)
    assert receiver.spans(silent.trace) == []
    assert all(attributes(span).get("db.collection.name") != "silent" for span in receiver.spans())


def test_spans_say_whose_they_are(traced, receiver):
    if not isinstance(receiver, GRPCReceiver):
        pytest.skip("oteltap gives spans without their resource")
    parent = TraceID.new().parent()
    put_over_http(traced[2], parent)
    whole_tree(receiver, parent, 9)
    configuration = yaml.safe_load(traced[0].configuration_path.read_text())
    version = subprocess.run(
        [BINARY, "--version"], capture_output=True, text=True, timeout=60, env=clean_environment(), check=True)
    assert {tuple(sorted(one.items())) for one in receiver.resources} == {
        tuple(sorted({
            "service.name": "kvnode", "service.namespace": configuration["cluster"]["name"],
            "service.instance.id": node.name, "service.version": version.stdout.strip()}.items()))
        for node in traced.nodes}


def test_what_is_exported_is_counted(traced, receiver):
    before = sum(scrape(node).sum(EXPORTED) for node in traced.nodes)
    parent = TraceID.new().parent()
    put_over_http(traced[0], parent)
    whole_tree(receiver, parent, 9)
    eventually(lambda: sum(scrape(node).sum(EXPORTED) for node in traced.nodes) >= before + 9, "the count")
    assert sum(scrape(node).sum(DROPPED) for node in traced.nodes) == 0


def test_metrics_name_the_trace(traced, receiver):
    parent = TraceID.new().parent()
    put_over_http(traced[0], parent)
    family = scrape(traced[0], OPEN_METRICS).families["kvnode_request_duration_seconds"]
    exemplars = {sample.exemplar.labels["trace_id"] for sample in family.samples if sample.exemplar}
    assert parent.trace in exemplars


def test_a_failed_request_is_told_without_being_asked_for(start_cluster):
    receiver = HTTPReceiver()
    cluster = start_cluster(MIX, {"tracing": receiver.settings | ASKED_FOR})
    try:
        cluster[2].kill()
        parent = TraceID.new().parent(is_sampled=False)
        answer = cluster[0].http.put(
            BUCKET, KEY, VALUE, w=3, timeout="300ms", headers={"traceparent": parent.traceparent})
        assert answer.status in (503, 504), answer
        root = eventually(
            lambda: next((s for s in receiver.spans(parent.trace) if s.parent_span_id.hex() == parent.span), None),
            "the span of the request")
        assert root.status.code == FAILED and root.status.message, root
    finally:
        cluster.stop()
        receiver.stop()


def test_the_end_flushes(start_cluster):
    receiver = HTTPReceiver()
    cluster = start_cluster(MIX, {"tracing": receiver.settings | ASKED_FOR | {"flush_ms": 600_000}})
    try:
        parent = TraceID.new().parent()
        put_over_http(cluster[0], parent)
        assert receiver.spans() == []
        for node in cluster.nodes:
            assert node.terminate() == 0
        whole_tree(receiver, parent, 9)
    finally:
        receiver.stop()


def test_without_a_receiver_requests_go_on(start_cluster):
    """What nobody takes is dropped and counted, within a bound; and a receiver that comes later gets what comes then."""
    receiver = HTTPReceiver()
    receiver.stop()
    bound = 40
    cluster = start_cluster(MIX, {"tracing": receiver.settings | ASKED_FOR | {
        "queue_spans": bound, "batch_spans": 10, "retry_ms": 200, "backoff_min_ms": 20, "backoff_max_ms": 50}})
    node = cluster[0]
    for _ in range(100):
        put_over_http(node, TraceID.new().parent())
        assert scrape(node).sum(QUEUED) <= bound
    for reason in ("queue_full", "undelivered"):
        eventually(lambda: scrape(node).sum(DROPPED, reason=reason) > 0, f"the count of spans that are lost: {reason}")
    assert scrape(node).sum(EXPORTED) == 0
    # Once at once, and then not again for a while.
    eventually(lambda: "traces can't be exported" in node.log, "a line in the log")
    assert node.log.count("traces can't be exported") == 1

    late = HTTPReceiver(receiver.port)
    try:
        for each in cluster.nodes:
            eventually(lambda each=each: scrape(each).sum(QUEUED) == 0, f"the queue of {each.name} to be empty")
        parent = TraceID.new().parent()
        put_over_http(node, parent)
        assert whole_tree(late, parent, 9).size == 9
    finally:
        cluster.stop()
        late.stop()


def test_a_receiver_that_is_not_there_does_not_keep_a_node_from_ending(start_cluster):
    receiver = HTTPReceiver()
    receiver.stop()
    cluster = start_cluster(MIX, {"tracing": receiver.settings | ASKED_FOR})
    for _ in range(5):
        put_over_http(cluster[0], TraceID.new().parent())
    for node in cluster.nodes:
        assert node.terminate() == 0


def test_headers_are_sent_and_not_shown(start_cluster, tmp_path):
    receiver = GRPCReceiver()
    headers = tmp_path / "headers"
    headers.write_text("X-Key: a-secret-of-the-receiver\n")
    cluster = start_cluster(MIX, {
        "log": {"level": "trace"}, "tracing": receiver.settings | ASKED_FOR | {"headers_file": str(headers)}})
    try:
        parent = TraceID.new().parent()
        put_over_http(cluster[0], parent)
        whole_tree(receiver, parent, 9)
        assert {metadata["x-key"] for metadata in receiver.metadata} == {"a-secret-of-the-receiver"}
        for node in cluster.nodes:
            assert "a-secret-of-the-receiver" not in node.log
    finally:
        cluster.stop()
        receiver.stop()


@pytest.mark.parametrize("receive", [HTTPSReceiver, GRPCReceiver])
def test_a_receiver_is_known_by_its_certificate(start_cluster, tmp_path, receive):
    trusted, other = (Authority(tmp_path / name).issue("receiver") for name in ("trusted", "other"))
    receiver = receive(trusted)
    try:
        tracing = receiver.settings | ASKED_FOR
        deceived = start_cluster(MIX, {"tracing": tracing | {"retry_ms": 0, "tls_ca_file": str(other.trust)}})
        lost = TraceID.new().parent()
        put_over_http(deceived[0], lost)
        eventually(lambda: scrape(deceived[0]).sum(DROPPED, reason="undelivered") > 0, "a batch that is not delivered")
        eventually(lambda: "traces can't be exported" in deceived[0].log, "a line in the log")
        deceived.stop()

        cluster = start_cluster(MIX, {"tracing": tracing | {"tls_ca_file": str(trusted.trust)}})
        parent = TraceID.new().parent()
        put_over_http(cluster[0], parent)
        assert whole_tree(receiver, parent, 9).size == 9
        assert receiver.spans(lost.trace) == []
        cluster.stop()
    finally:
        receiver.stop()


@pytest.mark.parametrize("settings, said", [
    ({"headers_file": "/no/such/file"}, "tracing.endpoint is set, but the file /no/such/file can't be read"),
    ({"endpoint": "https://127.0.0.1:1", "tls_ca_file": "/no/such/file"},
     "tracing.endpoint is set, but the file /no/such/file has no certificates that can be read"),
])
def test_files_that_cannot_be_used_are_said_at_the_start(tmp_path, stubs, settings, said):
    cluster = Cluster(tmp_path / "wrong", ["memory"], stubs, {"tracing": {"endpoint": "http://127.0.0.1:1"} | settings})
    node = cluster[0]
    node.start()
    assert node.process.wait(30) == 1
    assert said in node.log, node.log
