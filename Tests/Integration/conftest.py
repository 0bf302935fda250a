"""Fixtures: generated gRPC stubs, and clusters of real processes that end with the test that started them."""

import faulthandler
import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support.certificates import Authority  # noqa: E402
from support.cluster import BINARY, Cluster  # noqa: E402
from support.grpc_client import Stubs  # noqa: E402

ENGINES = {
    "rocksdb": ["rocksdb"] * 3,
    "leveldb": ["leveldb"] * 3,
    "lmdb": ["lmdb"] * 3,
    "mix": ["rocksdb", "leveldb", "lmdb"],
}
# No test comes near; a run that hangs shows where, and ends.
TEST_SECONDS = 300


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"no binary at {BINARY}: build it, or name it in KVNODE_BINARY", returncode=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    faulthandler.dump_traceback_later(TEST_SECONDS, exit=True, file=sys.__stderr__)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what the nodes said."""
    report = yield
    if report.failed:
        for value in item.funcargs.values():
            if isinstance(value, Cluster):
                report.sections.append(("logs of the nodes", value.logs()))
    return report


@pytest.fixture(scope="session")
def stubs(tmp_path_factory) -> Stubs:
    return Stubs(tmp_path_factory.mktemp("stubs"))


@pytest.fixture(scope="session", params=ENGINES)
def cluster(request, tmp_path_factory, stubs):
    """Three nodes on one engine, or one on each: shared by the tests that leave every node running."""
    shared = Cluster(tmp_path_factory.mktemp(f"cluster-{request.param}"), ENGINES[request.param], stubs, SMALL_VALUES)
    try:
        yield shared.start()
    finally:
        shared.stop()


@pytest.fixture
def start_cluster(tmp_path, stubs):
    """Starts clusters for one test: `start_cluster(engines, changes, authority)`."""
    started = []

    def start(engines: list[str], changes: dict | None = None, authority: Authority | None = None) -> Cluster:
        new = Cluster(tmp_path / f"cluster{len(started)}", engines, stubs, changes, authority)
        started.append(new)
        return new.start()

    yield start
    for one in started:
        one.stop()


@pytest.fixture(params=ENGINES)
def own_cluster(request, start_cluster) -> Cluster:
    """Like `cluster`, but the test's own: it may kill nodes."""
    return start_cluster(ENGINES[request.param])


_numbers = itertools.count()


@pytest.fixture
def bucket() -> str:
    """A bucket that no other test uses."""
    return f"test-{next(_numbers)}"


# The limit on values that tests of it exceed, small enough for a message to reach the check.
MAX_VALUE_BYTES = 1 << 20
SMALL_VALUES = {"requests": {"max_value_bytes": MAX_VALUE_BYTES}}
