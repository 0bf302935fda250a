"""Servers that speak S3's protocol: moto, which takes any signature, and SeaweedFS, which checks them."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import boto3
import botocore.config

from .backup import Archive
from .certificates import Authority
from .ports import free_port
from .waiting import eventually

REGION = "eu-central-1"
KEY, SECRET = "kvnode-tests", "not-a-secret-of-anybody"
READER, READER_SECRET = "kvnode-reader", "may-read-and-list"


def credentials(key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_REGION": REGION}


class ObjectServer:
    """One process. What `start` is called on again after `kill` is at the same port."""

    checks_signatures: bool
    #: A file with the authorities that vouch for it; None for the system's.
    trust: str | None = None

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict:
        """Of a node; its credentials are in its environment alone."""
        return {"backup": {"s3_endpoint": self.endpoint, "s3_region": REGION, "s3_retries": 2, "s3_timeout_ms": 2000}}

    def archive(self, bucket: str, prefix: str = "", **changes: str) -> Archive:
        place = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        return Archive(place, {**credentials(), "KVNODE_BACKUP_S3_ENDPOINT": self.endpoint, **changes})

    @property
    def client(self):
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET, verify=self.trust,
            config=botocore.config.Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=5))

    def make_bucket(self, name: str) -> None:
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    def objects(self, bucket: str, prefix: str = "") -> dict[str, int]:
        """The sizes of what is there, by name."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", [])}

    def read(self, bucket: str, name: str) -> bytes:
        return self.client.get_object(Bucket=bucket, Key=name)["Body"].read()

    def write(self, bucket: str, name: str, body: bytes) -> None:
        self.client.put_object(Bucket=bucket, Key=name, Body=body)

    # MARK: the process

    def arguments(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> "ObjectServer":
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.arguments()], cwd=self.directory, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
                env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")})
        eventually(lambda: self.client.list_buckets() is not None, f"{type(self).__name__} at {self.endpoint}", 60, 0.2)
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Moto(ObjectServer):
    """Keeps what it has in memory."""

    checks_signatures = False

    def __init__(self, directory: pathlib.Path, authority: Authority | None = None):
        """With an authority that has issued a certificate for `server`, it speaks TLS."""
        super().__init__(directory)
        self.authority = authority

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    @property
    def trust(self) -> str | None:
        return str(self.authority.trust) if self.authority else None

    def arguments(self) -> list[str]:
        secured = self.authority and [
            "-c", str(self.authority.certificate("server")), "-k", str(self.authority.key("server"))]
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port), *(secured or [])]


class Seaweed(ObjectServer):
    checks_signatures = True

    def __init__(self, directory: pathlib.Path):
        super().__init__(directory)
        self._ports = {
            name: free_port() for name in (
                "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port.grpc")}
        (directory / "data").mkdir(exist_ok=True)
        (directory / "users.json").write_text(json.dumps({"identities": [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions}
            for name, secret, actions in ((KEY, SECRET, ["Admin", "Read", "Write", "List", "Tagging"]), (READER, READER_SECRET, ["Read", "List"]))]}))

    def arguments(self) -> list[str]:
        program = pathlib.Path(sys.executable).parent / "weed"
        return [
            str(program), "server", f"-dir={self.directory}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.port={self.port}",
            f"-s3.config={self.directory}/users.json", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false",
            "-master.volumeSizeLimitMB=64", "-master.telemetry=false", "-volume.max=30",
            *(f"-{name}={port}" for name, port in self._ports.items())]


SERVERS = {"moto": Moto, "seaweed": Seaweed}
