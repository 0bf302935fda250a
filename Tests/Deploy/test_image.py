"""deploy/docker/Dockerfile, built and run: three containers, with the environment and the files that the manifests give the pods."""

import json
import os
import re
import shutil

import pytest
from images import IMAGE, LIMITS, PODMAN, build_image
from pods import PORTS, Pods
from support import BINARY, kustomize, run

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason="no kvnode: build it, or name it in KVNODE_BINARY"),
    pytest.mark.skipif(os.geteuid() != 0, reason="debootstrap takes root"),
    pytest.mark.skipif(not all(map(shutil.which, ("debootstrap", "buildah", "podman", "runc"))), reason="no buildah, podman, runc or debootstrap"),
]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> str:
    build_image(tmp_path_factory.mktemp("image"))
    return IMAGE


class Containers(Pods):
    """As pods, but in containers: nothing of the machine but its network."""

    def start(self, pod: str) -> None:
        data = self.folder / "data" / pod
        data.mkdir(parents=True, exist_ok=True)
        os.chown(data, 65532, 65532)
        run(*self._container(pod), "--detach", "--name", pod, "--volume", f"{data}:/var/lib/kvnode", IMAGE)
        self._write(self.state() | {"pods": self.state()["pods"] | {pod: {}}})

    def stop(self, pod: str) -> None:
        run(*PODMAN, "stop", "--time", "30", pod)
        ended = json.loads(run(*PODMAN, "inspect", pod))[0]["State"]["ExitCode"]
        assert ended == 0, run(*PODMAN, "logs", pod)
        run(*PODMAN, "rm", pod)

    def end(self) -> None:
        for pod in self.state()["pods"]:
            run(*PODMAN, "rm", "--force", "--ignore", pod)

    def command(self, pod: str, *arguments: str) -> str:
        """The image as a client, with the certificate of the pod's node."""
        return run(*self._container(pod), "--rm", IMAGE, *arguments)

    def environment(self, pod: str) -> dict[str, str]:
        values = super().environment(pod)
        values["KVNODE_NODE_DATA_DIRECTORY"] = "/var/lib/kvnode"
        return {name: value.replace(str(self.folder / "etc"), "/etc/kvnode") for name, value in values.items() if name != "PATH"}

    def _container(self, pod: str) -> list[str]:
        variables = [word for name, value in self.environment(pod).items() for word in ("--env", f"{name}={value}")]
        return [
            *PODMAN, "run", *LIMITS, "--network", "host", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--volume", f"{self.folder}/hosts:/etc/hosts:ro",
            "--volume", f"{self.folder}/etc:/etc/kvnode:ro", *variables]


@pytest.fixture
def containers(image, tmp_path):
    # Of each secret a node may read its own user's alone, as fsGroup has it in a pod.
    started = Containers(tmp_path, kustomize("base"))
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    try:
        yield started.prepare()
    finally:
        started.end()


def test_image_is_what_it_says(image):
    known, = json.loads(run(*PODMAN, "inspect", image))
    assert known["Config"]["User"] == "65532:65532"
    assert known["Config"]["Entrypoint"] == ["kvnode"] and known["Config"]["Cmd"] == ["serve"]
    assert known["Config"]["ExposedPorts"].keys() == {f"{port}/tcp" for port in PORTS.values()}
    assert known["Config"]["Healthcheck"]["Test"] == ["CMD", "kvnode", "health"]
    assert "rocksdb" in run(*PODMAN, "run", *LIMITS, "--rm", image, "engines")


def test_image_has_what_the_program_wants_and_no_more(image):
    """Besides the base: the program, and the libraries that it is linked with. That is what the image adds to the base's size."""
    listed = run(*PODMAN, "run", *LIMITS, "--rm", "--entrypoint", "ldd", image, "/usr/local/bin/kvnode")
    assert "not found" not in listed
    wanted = set(re.findall(r"^\s+(\S+) =>", listed, re.M))
    compiler = run(*PODMAN, "run", *LIMITS, "--rm", "--entrypoint", "find", image, "/", "-xdev", "-name", "*-dev*", "-path", "*/doc/*")
    assert compiler == ""
    assert {"librocksdb.so.7.8", "libleveldb.so.1d", "liblmdb.so.0", "libjemalloc.so.2"} <= wanted


def test_three_containers_serve(containers):
    """By the manifests' own settings, as a user without rights, on a file system that nobody can write."""
    first, second, third = containers.state()["pods"]
    seconds = "60"
    assert containers.command(first, "put", "alice", "milk", "--bucket", "carts", "--timeout", f"{seconds}000") == ""
    assert containers.command(second, "get", "alice", "--bucket", "carts") == "milk"
    # A node that was stopped answers what it took, ends with 0, and comes back to its data.
    containers.stop(third)
    containers.start(third)
    for _ in range(int(seconds)):
        status = json.loads(containers.command(first, "cluster", "members", "--json"))
        if all(member.get("connected") for member in status["members"]):
            break
    assert {member["member"]["name"]: member["member"]["zone"] for member in status["members"]} == {
        "kvnode-a-0": "a", "kvnode-b-0": "b", "kvnode-c-0": "c"}
    assert containers.command(third, "get", "alice", "--bucket", "carts") == "milk"


def test_the_image_can_tell_its_health(containers):
    """What the probes of the manifests and of the image run."""
    first, *_ = containers.state()["pods"]
    run(*PODMAN, "exec", first, "kvnode", "health", "--live")
