"""The program under test, and what it is run in."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("KVNODE_BINARY", REPOSITORY / ".build/debug/kvnode"))


def clean_environment() -> dict[str, str]:
    """The environment without what would configure a node behind the tests' back."""
    return {name: value for name, value in os.environ.items() if not name.startswith("KVNODE_")}
