"""What needs no AWS, real or not: format, sense, the module's own tests, what its README says, and what checkov knows of."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

import documents
from terraform_cli import SOURCE

HERE = pathlib.Path(__file__).parent


def test_format(terraform):
    terraform.run("fmt", "-check", "-diff", "-recursive")


def test_sense(terraform):
    terraform.run("validate")


def test_own_tests(terraform):
    """deploy/terraform/tests: against a provider that makes nothing."""
    print(terraform.run("test", "-no-color").stdout)


@pytest.mark.parametrize("kind", ["variable", "output"])
def test_readme_lists_all(kind):
    found = documents.marked(kind).search(documents.README.read_text())
    assert found and documents.tables()[kind] in found.group(0), "run Tests/Deploy/terraform/documents.py"
    assert all(documents.description(body) for body in documents.blocks(kind).values())


def test_checkov():
    """Nothing but what is named, with its reason, in checkov.yaml."""
    skipped = yaml.safe_load((HERE / "checkov.yaml").read_text())["skip-check"]
    done = subprocess.run(
        [os.environ["CHECKOV"], "--directory", SOURCE, "--config-file", HERE / "checkov.yaml", "--output", "json"],
        text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert summary["failed"] == 0 and summary["passed"] > 100, summary
    assert len(skipped) == len(set(skipped))
