"""What `kvnode cert` makes: an authority, and certificates of nodes and clients."""

import pathlib
import subprocess

from .binary import BINARY, clean_environment

CLUSTER_NAME = "integration"
# How soon a node takes up a change of its files at the latest.
RELOAD_MILLISECONDS = 200


def cert_command(*arguments, binary: pathlib.Path = BINARY) -> subprocess.CompletedProcess:
    """Runs `kvnode cert`."""
    return subprocess.run(
        [binary, "cert", *map(str, arguments)], capture_output=True, text=True, timeout=30,
        env=clean_environment())


class Authority:
    """An authority in a directory, beside the certificates that it has issued."""

    def __init__(self, folder: pathlib.Path, cluster: str = CLUSTER_NAME, binary: pathlib.Path = BINARY):
        self.folder, self._binary = folder, binary
        folder.mkdir(parents=True)
        self.run("init", "--cluster", cluster)

    @property
    def directory(self) -> pathlib.Path:
        return self.folder / "ca"

    @property
    def trust(self) -> pathlib.Path:
        return self.directory / "trust.pem"

    def certificate(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> pathlib.Path:
        return self.folder / f"{name}.key"

    def run(self, command: str, *arguments) -> str:
        """The output of a command that succeeds."""
        ended = cert_command(command, *arguments, "--directory", self.directory, binary=self._binary)
        assert ended.returncode == 0, f"{command} {arguments} ended with {ended.returncode}: {ended.stderr}"
        return ended.stdout

    def issue(self, *names: str, options: tuple = ()) -> "Authority":
        self.run("issue", *names, "--out", self.folder, *options)
        return self

    def rotate(self, *names: str) -> None:
        self.run("rotate", *names, "--in", self.folder)

    def revoke(self, name: str) -> None:
        self.run("revoke", self.certificate(name))

    def settings(self, name: str) -> dict:
        """Has each port of the node `name` speak TLS."""
        return {
            "tls": {
                "certificate": str(self.certificate(name)), "key": str(self.key(name)),
                "trust_roots": str(self.trust), "revoked": str(self.directory / "revoked.txt"),
                "reload_ms": RELOAD_MILLISECONDS,
            },
            **{port: {"tls": True} for port in ("peer", "grpc", "http", "resp")},
        }
