"""Backups in S3: the commands against moto, which takes any signature, and SeaweedFS, which checks them."""

import pathlib
import re
import subprocess
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Chaos"))

from chaos.clocks import WallClock, build  # noqa: E402
from support.backup import (  # noqa: E402
    DAMAGED, DAY, NOT_FOUND, QUICK, REFUSED, UNAVAILABLE, Archive, assert_has, backup_command, fill, is_at, pace, refusal,
    refused, start_empty, status)
from support.certificates import Authority  # noqa: E402
from support.cluster import Cluster, merged  # noqa: E402
from support.object_servers import KEY, READER, READER_SECRET, REGION, SECRET, SERVERS, Moto, Seaweed, credentials  # noqa: E402
from support.waiting import eventually  # noqa: E402

BUCKET = "kvnode-backups"


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory):
    one = SERVERS[request.param](tmp_path_factory.mktemp(request.param))
    try:
        one.start()
        one.make_bucket(BUCKET)
        yield one
    finally:
        one.kill()


@pytest.fixture(scope="module")
def cluster(server, tmp_path_factory, stubs):
    """Three nodes with their credentials in the environment, and one of everything."""
    one = Cluster(tmp_path_factory.mktemp("cluster-s3"), ["rocksdb", "lmdb", "leveldb"], stubs, merged(QUICK, server.settings))
    for node in one.nodes:
        node.environment = credentials()
    try:
        start_empty(one)
        one.values = fill(one, "b", 200)
        yield one
    finally:
        one.stop()


@pytest.fixture
def target(tmp_path, stubs):
    one = Cluster(tmp_path / "target", ["memory"] * 3, stubs, QUICK)
    try:
        yield start_empty(one)
    finally:
        one.stop()


def test_create_list_verify_restore_prune(server, cluster, target):
    archive = server.archive(BUCKET, "production/eu")
    first = archive.create(cluster.nodes, "first")
    assert all(int(one["sent_bytes"]) > 0 for one in first.values())
    names = server.objects(BUCKET)
    assert names and all(name.startswith("production/eu/") for name in names)
    second = archive.create(cluster.nodes, "second")
    assert [int(one.get("sent_bytes", 0)) for one in second.values()] == [0, 0, 0]
    assert [(one["id"], one["complete"]) for one in archive.list()] == [("first", True), ("second", True)]
    assert archive.verify("first")["nodes"] == 3 and archive.verify()["nodes"] == 3
    archive.restore(target[0], "first")
    for node in target.nodes:
        assert_has(node, "b", cluster.values)

    before = server.objects(BUCKET)
    dry = archive.prune(1, "--dry-run")
    assert dry["removed"] == ["first"] and dry["objects"] > 40 and server.objects(BUCKET) == before
    assert archive.prune(1) == dry
    after = server.objects(BUCKET)
    assert before.keys() - after.keys() == {name for name in before if "/backups/first/" in name}
    assert archive.prune(1)["objects"] == 0
    assert archive.verify()["nodes"] == 3
    name = next(name for name in sorted(server.objects(BUCKET)) if "/packs/" in name)
    whole = server.read(BUCKET, name)
    server.write(BUCKET, name, whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    refusal(archive.run("verify"), DAMAGED, name.removeprefix("production/eu/"))
    server.write(BUCKET, name, whole)
    # The same bucket without a prefix is another place.
    refusal(server.archive(BUCKET).run("list"), NOT_FOUND, f"s3://{BUCKET} holds no backups")
    server.archive(BUCKET).create(cluster.nodes, "whole-bucket")
    assert [one["id"] for one in archive.list()] == ["second"]


def test_what_was_lost_long_ago_is_pruned(server, cluster, tmp_path):
    """By a clock that is two days ahead, as the objects of a server can't be made older: more than a page of a listing has."""
    if server.checks_signatures:
        pytest.skip("a signature is good for minutes")
    library = build(tmp_path)
    if library is None:
        pytest.skip("no C compiler is installed, with which a clock is set")
    archive, count = server.archive(BUCKET, "old"), 1100
    archive.create(cluster.nodes, "one")
    client = server.client
    for number in range(count):
        client.put_object(Bucket=BUCKET, Key=f"old/packs/p-0000/{number:032x}", Body=b"of a backup that was ended")
    assert archive.prune(1)["objects"] == 0
    clock = WallClock(library, tmp_path / "clock")
    clock.set_offset(2 * DAY)
    later = Archive(archive.location, {**archive.environment, **clock.environment})
    assert later.prune(1)["objects"] == count
    assert archive.verify()["nodes"] == 3


# MARK: who may

def test_the_wrong_credentials(server, cluster, start_cluster):
    if not server.checks_signatures:
        pytest.skip("moto takes any")
    archive = server.archive(BUCKET, "rights")
    archive.create(cluster.nodes, "one")
    before = server.objects(BUCKET)
    for key, secret in ((KEY, "wrong"), ("nobody", SECRET)):
        wrong = server.archive(BUCKET, "rights", **credentials(key, secret))
        for command in (["list"], ["verify"], ["prune", "--keep", "1"]):
            said = refusal(wrong.run(*command), UNAVAILABLE, f"s3://{BUCKET}/rights")
            assert secret not in said and re.search("403|denied|match|authorized|invalid", said, re.I), said
    none = Archive(archive.location, {"KVNODE_BACKUP_S3_ENDPOINT": server.endpoint, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"})
    refusal(none.run("list"), UNAVAILABLE, "credentials")
    # Whoever may only read, may list, verify and restore.
    reader = server.archive(BUCKET, "rights", **credentials(READER, READER_SECRET))
    assert reader.verify()["nodes"] == 3

    other = Cluster(pathlib.Path(cluster[0].directory).parent / "reader", ["memory"], cluster[0]._stubs, merged(QUICK, server.settings))
    other[0].environment = credentials(READER, READER_SECRET)
    try:
        other.start()
        ended = archive.try_to_create(other.nodes, "by-a-reader")
        assert ended.returncode != 0 and "failed" in ended.stdout + ended.stderr, ended
        assert status(other[0])["reason"] == "storage"
        assert READER_SECRET not in other[0].log + ended.stdout + ended.stderr
    finally:
        other.stop()
    assert server.objects(BUCKET) == before


def test_credentials_are_of_the_environment_alone(server, cluster):
    for node in cluster.nodes:
        assert SECRET not in node.log and SECRET not in node.configuration_path.read_text()
        settings = node.http.request("GET", "/v1/settings")
        assert SECRET.encode() not in settings.body
    assert "AWS" not in backup_command("create", "--help").stdout.replace("AWS's", "").replace("AWS_REGION", "")


def test_a_bucket_that_is_not_there(server, cluster):
    archive = server.archive("kvnode-missing", "x")
    refusal(archive.run("list"), UNAVAILABLE, "NoSuchBucket")
    ended = archive.try_to_create(cluster.nodes, "one")
    assert ended.returncode != 0 and "NoSuchBucket" in ended.stdout + ended.stderr, ended
    assert status(cluster[0])["reason"] == "storage"
    for node in cluster.nodes:
        assert_has(node, "b", cluster.values)


def test_a_region_that_nobody_names(server):
    variables = {**credentials(), "AWS_REGION": "", "KVNODE_BACKUP_S3_ENDPOINT": server.endpoint}
    refused(UNAVAILABLE, "AWS_REGION", "list", "--from", f"s3://{BUCKET}/x", environment=variables)
    refused(
        NOT_FOUND, "holds no backups", "list", "--from", f"s3://{BUCKET}/x", "--s3-region", REGION, environment=variables)


def test_a_server_that_is_not_there(cluster, server):
    archive = server.archive(BUCKET, "x", KVNODE_BACKUP_S3_ENDPOINT="http://127.0.0.1:1")
    said = refusal(archive.run("list"), UNAVAILABLE, f"s3://{BUCKET}/x")
    assert "refused" in said.lower() or "connect" in said.lower(), said


def test_a_server_that_an_authority_of_ones_own_vouches_for(tmp_path):
    server = Moto(tmp_path / "moto", Authority(tmp_path / "certificates").issue("server"))
    try:
        server.start()
        server.make_bucket(BUCKET)
        refusal(server.archive(BUCKET).run("list"), UNAVAILABLE, "CERTIFICATE_VERIFY_FAILED")
        refusal(server.archive(BUCKET, AWS_CA_BUNDLE=server.trust).run("list"), NOT_FOUND, "holds no backups")
        refusal(server.archive(BUCKET, AWS_CA_BUNDLE="/nowhere").run("list"), UNAVAILABLE, "/nowhere, which AWS_CA_BUNDLE names")
    finally:
        server.kill()


# MARK: a server that goes away

@pytest.fixture
def own_server(tmp_path):
    one = Seaweed(tmp_path / "own-seaweed")
    try:
        one.start()
        one.make_bucket(BUCKET)
        yield one
    finally:
        one.kill()


@pytest.fixture
def slow(own_server, tmp_path, stubs):
    one = Cluster(tmp_path / "slow", ["rocksdb", "lmdb", "leveldb"], stubs, merged(merged(QUICK, own_server.settings), pace(400_000)))
    for node in one.nodes:
        node.environment = credentials()
    try:
        yield one.start()
    finally:
        one.stop()


def test_a_server_that_is_killed_and_one_that_is_slow(own_server, slow, target):
    values = fill(slow, "b", 1500)
    archive = own_server.archive(BUCKET, "x")
    creating = archive.begin(slow.nodes, "one")
    eventually(lambda: all(is_at(node, "one", 3) for node in slow.nodes), "some partitions")
    own_server.kill()
    output, errors = creating.communicate(timeout=90)
    assert creating.returncode != 0 and f"s3://{BUCKET}/x" in errors, (output, errors)
    assert (output + errors).count("backup one failed") == 3
    for node in slow.nodes:
        assert status(node)["reason"] == "storage"
        assert node.http.put("b", "meanwhile", b"1", w=3).is_stored
    own_server.start()
    assert not archive.listed("one")["complete"]
    archive.refuses_restore(REFUSED, "one", target[0], "one")

    # One that stands still for less time than the retries take.
    creating = archive.begin(slow.nodes, "one")
    eventually(lambda: all(is_at(node, "one", 5) for node in slow.nodes), "some more partitions")
    own_server.pause()
    with pytest.raises(subprocess.TimeoutExpired):
        creating.wait(3)
    own_server.go_on()
    output, errors = creating.communicate(timeout=90)
    assert creating.returncode == 0, (output, errors)
    assert archive.verify("one")["nodes"] == 3
    archive.restore(target[1], "one")
    for node in target.nodes:
        assert_has(node, "b", values)


def test_a_server_that_is_killed_during_a_restore(own_server, slow, target):
    values = fill(slow, "b", 300)
    archive = own_server.archive(BUCKET, "x")
    archive.create(slow.nodes, "one")
    own_server.kill()
    refusal(archive.try_to_restore(target[0], "one"), UNAVAILABLE, f"s3://{BUCKET}/x")
    own_server.start()
    # Its parts find each other again some time after it answers.
    eventually(lambda: own_server.read(BUCKET, "x/archive.json"), "objects from before", 60)
    archive.restore(target[0], "one")
    assert_has(target[2], "b", values)
