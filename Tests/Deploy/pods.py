"""The pods of a deployment as processes of this machine: what Kubernetes would give a pod, each is given.

Its environment and its files are those of the manifests, its certificate is one as cert-manager would make it, and the names of the
services are in a file of hosts that it alone sees. Each pod has an address of the loopback interface to itself.
"""

import base64
import datetime
import ipaddress
import json
import os
import pathlib
import signal
import subprocess
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from support import BINARY, environment, of_kind, settings

PORTS = {"GRPC": 7400, "PEER": 7401, "HTTP": 7402, "RESP": 7403}


class Pods:
    """Kept in a folder, so that programs that are started one after the other (the double of kubectl) find it again."""

    def __init__(self, folder: pathlib.Path, objects: list[dict]):
        self.folder, self.objects = folder, objects
        self.sets = of_kind(objects, "StatefulSet")

    # MARK: What is there before the first pod

    def prepare(self) -> "Pods":
        addresses = {pod: f"127.0.1.{index + 1}" for index, pod in enumerate(self.possible)}
        lines = ["127.0.0.1 localhost"]
        for pod, address in addresses.items():
            service = self.sets[self.set_of(pod)]["spec"]["serviceName"]
            # The name of the service has the addresses of all pods.
            lines += [f"{address} {pod}.{service}", f"{address} {service}"]
        (self.folder / "hosts").write_text("\n".join(lines) + "\n")
        configurations = self.folder / "etc/nodes"
        configurations.mkdir(parents=True)
        for name, text in settings(self.objects, "kvnode-nodes").items():
            (configurations / name).write_text(text)
        for name in ("users", "tokens"):
            (self.folder / "etc" / name).symlink_to(f"secrets/kvnode-{name}")
        self._issue_certificates()
        self._write({"addresses": addresses, "sets": {name: {"replicas": 0, "revision": "1"} for name in self.sets}, "pods": {}})
        for name, one in self.sets.items():
            self.scale(name, one["spec"]["replicas"])
        return self

    @property
    def possible(self) -> list[str]:
        """All pods that the manifests have room for."""
        return [f"{name}-{index}" for name, one in self.sets.items() for index in range(self._most(one))]

    @staticmethod
    def _most(one: dict) -> int:
        volume, = [volume for volume in one["spec"]["template"]["spec"]["volumes"] if volume["name"] == "nodes"]
        return len(volume["configMap"]["items"])

    @staticmethod
    def set_of(pod: str) -> str:
        return pod.rsplit("-", 1)[0]

    def _issue_certificates(self) -> None:
        """What cert-manager would put into the Secrets, for each Certificate of the manifests."""
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority = _certificate({"commonName": "kvnode", "isCA": True}, authority_key, None, authority_key)
        for name, one in of_kind(self.objects, "Certificate").items():
            if one["spec"].get("isCA"):
                continue
            folder = self.folder / "etc/tls" / name
            folder.mkdir(parents=True)
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _certificate(one["spec"], key, authority, authority_key)
            for file, made in (("tls.crt", certificate), ("ca.crt", authority)):
                (folder / file).write_bytes(made.public_bytes(serialization.Encoding.PEM))
            (folder / "tls.key").write_bytes(key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    # MARK: What Kubernetes does

    def state(self) -> dict:
        return json.loads((self.folder / "state.json").read_text())

    def _write(self, state: dict) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def scale(self, name: str, replicas: int) -> None:
        state = self.state()
        state["sets"][name]["replicas"] = replicas
        self._write(state)
        for index in range(self._most(self.sets[name])):
            pod = f"{name}-{index}"
            if index < replicas and pod not in state["pods"]:
                self.start(pod)
            elif index >= replicas and pod in state["pods"]:
                self.stop(pod)

    def revise(self) -> None:
        """Another image was applied: pods that exist stay as they are."""
        state = self.state()
        for one in state["sets"].values():
            one["revision"] = str(int(one["revision"]) + 1)
        self._write(state)

    def evict(self, pod: str) -> None:
        """The pod ends, and its StatefulSet makes it anew."""
        self.stop(pod)
        self.start(pod)

    def start(self, pod: str) -> None:
        # No process outlives the test run, but for the short-lived one that starts it here.
        with open(self.folder / f"{pod}.log", "ab") as log:
            process = subprocess.Popen(
                self.in_its_place([BINARY, "serve"]), env=self.environment(pod), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        state = self.state()
        revision = state["sets"][self.set_of(pod)]["revision"]
        state["pods"][pod] = {"uid": str(uuid.uuid4()), "revision": revision, "process": process.pid}
        self._write(state)

    def stop(self, pod: str) -> None:
        state = self.state()
        process = state["pods"].pop(pod)["process"]
        self._write(state)
        _end(process)

    def logs(self) -> str:
        return "\n".join(f"--- {path.stem}\n{path.read_text()[-3000:]}" for path in sorted(self.folder.glob("*.log")))

    def end(self) -> None:
        for one in self.state()["pods"].values():
            _end(one["process"])

    def keep_secret(self, secret: dict) -> None:
        """As the kubelet brings it to pods: another file takes the place of the one before."""
        folder = self.folder / "etc/secrets" / secret["metadata"]["name"]
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in secret["data"].items():
            (folder / f"{name}.new").write_bytes(base64.b64decode(value))
            (folder / f"{name}.new").rename(folder / name)

    # MARK: What is in a pod

    def environment(self, pod: str) -> dict[str, str]:
        container = self.sets[self.set_of(pod)]["spec"]["template"]["spec"]["containers"][0]
        values = environment(self.objects, container, pod)
        address = self.state()["addresses"][pod]
        for name, port in PORTS.items():
            values[f"KVNODE_{name}_LISTEN"] = f"{address}:{port}"
        # By name, as the address in the certificate is another one.
        values["KVNODE_ENDPOINT"] = f"{pod}.{self.sets[self.set_of(pod)]['spec']['serviceName']}:{PORTS['GRPC']}"
        values["KVNODE_NODE_DATA_DIRECTORY"] = str(self.folder / "data" / pod)
        volume, = [one for one in self.sets[self.set_of(pod)]["spec"]["template"]["spec"]["volumes"] if one["name"] == "nodes"]
        files = {f"/etc/kvnode/nodes/{item['path']}": f"/etc/kvnode/nodes/{item['key']}" for item in volume["configMap"]["items"]}
        values["KVNODE_CONFIG"] = files[values["KVNODE_CONFIG"]]
        values = {name: value.replace("/etc/kvnode", str(self.folder / "etc")) for name, value in values.items()}
        # Small machines: a flush to disk for each write of several nodes is what tests would wait for.
        return values | {"PATH": os.environ["PATH"], "KVNODE_ENGINE_DURABILITY": "buffered"}

    def run(self, pod: str, *arguments: str, **options) -> subprocess.CompletedProcess:
        """kubectl exec."""
        return subprocess.run(self.in_its_place([BINARY, *arguments]), env=self.environment(pod), **options)

    def in_its_place(self, command: list) -> list:
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, self.folder / "hosts", *command]


def wait_until(holds, pods: Pods, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, pods.logs()
        time.sleep(0.2)


def _end(process: int) -> None:
    """As the kubelet does: SIGTERM, and SIGKILL if that has not helped in time."""
    for number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 10)):
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _is_over(process):
                return
            time.sleep(0.05)


def _is_over(process: int) -> bool:
    """Whoever has started it may not have asked yet how it ended."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _certificate(spec: dict, key, authority: x509.Certificate | None, authority_key) -> x509.Certificate:
    usages = {"server auth": ExtendedKeyUsageOID.SERVER_AUTH, "client auth": ExtendedKeyUsageOID.CLIENT_AUTH}
    named = [x509.NameAttribute(NameOID.COMMON_NAME, spec["commonName"])] if "commonName" in spec else []
    now = datetime.datetime.now(datetime.UTC)
    is_authority = spec.get("isCA", False)
    builder = (
        x509.CertificateBuilder().subject_name(x509.Name(named)).public_key(key.public_key())
        .issuer_name(authority.subject if authority else x509.Name(named)).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=is_authority, crl_sign=False, encipher_only=False, decipher_only=False),
            critical=True))
    extended = [usages[one] for one in spec.get("usages", []) if one in usages]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    names = [x509.UniformResourceIdentifier(uri) for uri in spec.get("uris", [])]
    names += [x509.DNSName(name) for name in spec.get("dnsNames", [])]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in spec.get("ipAddresses", [])]
    if names:
        # Critical where there is no subject, as RFC 5280 has it.
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not named)
    return builder.sign(authority_key, hashes.SHA256())
