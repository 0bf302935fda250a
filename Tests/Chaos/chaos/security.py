"""Who the nodes and the clients of a run are: certificates by `kvnode cert`, and a user whom all nodes know."""

import pathlib

import grpc

from support.certificates import Authority
from support.users import User, write_users

_USER = User("chaos", ["admin:*"], {"run": "0123456789abcdef0123456789abcdef"})


class Security:
    """TLS at every port, and requests in the name of one user."""

    def __init__(self, folder: pathlib.Path, cluster: str, binary: pathlib.Path):
        self._authority = Authority(folder / "certificates", cluster, binary)
        self._users = folder / "users.yaml"
        write_users(self._users, [_USER])
        self.trust = self._authority.trust
        self.user, self.password, self.authorization = _USER.name, _USER.password, _USER.bearer
        self._credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(self.trust.read_bytes()), grpc.access_token_call_credentials(_USER.token))

    def settings(self, node: str, host: str) -> dict:
        """Of a node that is found at `host`; makes its certificate."""
        self._authority.issue(node, options=("--host", host))
        return self._authority.settings(node) | {"access": {"users_file": str(self._users)}}

    def channel(self, address: str, options: list) -> grpc.Channel:
        return grpc.secure_channel(address, self._credentials, options=options)
