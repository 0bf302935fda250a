"""Users of a node: their file as another program than kvnode writes it, and what they send."""

import base64
import hashlib
import os
import pathlib
from dataclasses import dataclass, field

TOKEN_PREFIX = "kvnode_"


@dataclass
class User:
    name: str
    grants: list[str] = field(default_factory=list)
    # Of their names.
    tokens: dict[str, str] = field(default_factory=dict)
    limit: dict[str, int] = field(default_factory=dict)

    @property
    def password(self) -> str:
        return f"password of {self.name}"

    @property
    def token(self) -> str:
        """Its first one."""
        return TOKEN_PREFIX + next(iter(self.tokens.values()))

    @property
    def bearer(self) -> str:
        return f"Bearer {self.token}"

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.name}:{self.password}".encode()).decode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def hashed(password: str) -> str:
    """A password by scrypt, in PHC's form, as cheaply as can be."""
    salt = os.urandom(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=2, r=1, p=1, dklen=32)
    return f"$scrypt$ln=1,r=1,p=1${_base64(salt)}${_base64(digest)}"


def users_file(users: list[User]) -> str:
    lines = ["users:" if users else "users: []"]
    for user in users:
        lines += [f"  - name: {user.name}", f"    grants: {user.grants}", f"    password: {hashed(user.password)}"]
        lines += ["    tokens:"] if user.tokens else []
        for name, secret in user.tokens.items():
            digest = hashlib.sha256((TOKEN_PREFIX + secret).encode()).hexdigest()
            lines += [f"      - {{name: {name}, sha256: \"{digest}\"}}"]
        lines += [f"    {name}: {value}" for name, value in user.limit.items()]
    return "\n".join(lines) + "\n"


def write_users(path: pathlib.Path, users: list[User]) -> None:
    """In one step, as no reader may see half of it."""
    new = path.with_suffix(".tmp")
    new.write_text(users_file(users))
    new.replace(path)
