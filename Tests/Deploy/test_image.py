"""deploy/docker/Dockerfile, built and run: three containers, with the environment and the files that the manifests give the pods."""

import json
import os
import re
import shutil
import subprocess

import pytest
from images import IMAGE, LIMITS, PODMAN, build_image
from pods import PORTS, Pods, wait_until
from support import BINARY, REPOSITORY, kustomize, run

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
        run(*self.container(pod), "--detach", "--name", pod, "--volume", f"{data}:/var/lib/kvnode", IMAGE)
        self._write(self.state() | {"pods": self.state()["pods"] | {pod: {}}})

    def stop(self, pod: str) -> None:
        run(*PODMAN, "stop", "--time", "30", pod)
        ended = json.loads(run(*PODMAN, "inspect", pod))[0]["State"]["ExitCode"]
        assert ended == 0, run(*PODMAN, "logs", pod)
        run(*PODMAN, "rm", pod)
        self._write(self.state() | {"pods": {name: one for name, one in self.state()["pods"].items() if name != pod}})

    def logs(self) -> str:
        return "\n".join(f"--- {pod}\n{run(*PODMAN, 'logs', '--tail', '30', pod)}" for pod in self.state()["pods"])

    def end(self) -> None:
        for pod in self.state()["pods"]:
            run(*PODMAN, "rm", "--force", "--ignore", pod)

    def command(self, pod: str, *arguments: str) -> str:
        """The image as a client, with the certificate of the pod's node."""
        return run(*self.container(pod), "--rm", IMAGE, *arguments)

    def environment(self, pod: str) -> dict[str, str]:
        values = super().environment(pod)
        values["KVNODE_NODE_DATA_DIRECTORY"] = "/var/lib/kvnode"
        return {name: value.replace(str(self.folder / "etc"), "/etc/kvnode") for name, value in values.items() if name != "PATH"}

    def container(self, pod: str) -> list[str]:
        variables = [word for name, value in self.environment(pod).items() for word in ("--env", f"{name}={value}")]
        return [
            *PODMAN, "run", *LIMITS, "--network", "host", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--volume", f"{self.folder}/hosts:/etc/hosts:ro",
            "--volume", f"{self.folder}/etc:/etc/kvnode:ro", *variables]


def is_settled(containers: Containers, pod: str) -> bool:
    return subprocess.run([*containers.container(pod), "--rm", IMAGE, "cluster", "status"], capture_output=True).returncode == 0


@pytest.fixture
def containers(image, tmp_path):
    started = Containers(tmp_path, kustomize("base"))
    # The containers' user has to find its files in there.
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    try:
        started.prepare()
        wait_until(lambda: is_settled(started, "kvnode-a-0"), started)
        yield started
    finally:
        started.end()


def test_image_is_what_it_says(image):
    known, = json.loads(run(*PODMAN, "inspect", image))
    assert known["Config"]["User"] == "65532:65532"
    assert known["Config"]["Entrypoint"] == ["kvnode"] and known["Config"]["Cmd"] == ["serve"]
    assert known["Config"]["ExposedPorts"].keys() == {f"{port}/tcp" for port in PORTS.values()}
    assert known["Healthcheck"]["Test"] == ["CMD", "kvnode", "health"]
    assert "rocksdb" in run(*PODMAN, "run", *LIMITS, "--rm", image, "engines")


def test_program_has_its_libraries_and_no_others(image, tmp_path):
    """In the image, which is small but for them, nothing is missing; and `gather` has brought nothing that is not wanted."""
    listed = run(*PODMAN, "run", *LIMITS, "--rm", "--entrypoint", "ldd", image, "/usr/local/bin/kvnode")
    assert "not found" not in listed
    run(REPOSITORY / "deploy/docker/gather", BINARY, tmp_path)
    gathered = {path.name for path in tmp_path.rglob("*") if path.is_file()} - {BINARY.name}
    assert gathered < set(re.findall(r"^\s+(\S+) =>", run("ldd", BINARY), re.M))
    assert not {name for name in gathered if re.match(r"lib(c|m|stdc\+\+|gcc_s)\.so", name)}


def test_three_containers_serve(containers):
    """By the manifests' own settings, as a user without rights, on a file system that nobody can write."""
    first, second, third = containers.state()["pods"]
    containers.command(first, "put", "alice", "milk", "--bucket", "carts")
    assert containers.command(second, "get", "alice", "--bucket", "carts") == "milk"
    # A node that is stopped answers what it took, ends with 0, and comes back to its data.
    containers.stop(third)
    containers.start(third)
    wait_until(lambda: is_settled(containers, third), containers)
    assert containers.command(third, "get", "alice", "--bucket", "carts") == "milk"
    status = json.loads(containers.command(first, "cluster", "members", "--json"))
    assert {one["member"]["name"]: one["member"]["zone"] for one in status["members"]} == {first: "a", second: "b", third: "c"}


def test_the_image_can_tell_its_health(containers):
    """What the probes of the manifests and of the image run."""
    first, *_ = containers.state()["pods"]
    run(*PODMAN, "exec", first, "kvnode", "health", "--live")
