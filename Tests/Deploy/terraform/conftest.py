"""Fixtures: an AWS of moto's in this process, and Terraform that talks to it."""

import logging
import os
import pathlib
import sys

# Read when moto is imported: the roles take policies of AWS's own.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import boto3  # noqa: E402
import pytest  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import moto_cloudwatch  # noqa: E402, F401
import moto_eks  # noqa: E402
from terraform_cli import Terraform  # noqa: E402


class FakeAWS:
    """An empty account. Clients of boto3 look at what is in it, past Terraform's own view."""

    region = moto_eks.REGION
    account = moto_eks.ACCOUNT

    def __init__(self, endpoint: str):
        self.environment = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # What moto does not know it does not learn by being asked again.
            "AWS_MAX_ATTEMPTS": "2",
        }
        self.endpoint = endpoint

    def client(self, service: str):
        return boto3.client(
            service, region_name=self.region, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="session")
def aws():
    # A line for each request would hide what Terraform says.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield FakeAWS(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    """Terraform without an AWS, initialised."""
    terraform = Terraform(tmp_path_factory.mktemp("static"))
    terraform.init("-backend=false")
    return terraform
