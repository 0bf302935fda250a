"""Terraform, run in a copy of deploy/terraform, so that nothing of a run is left in the repository."""

import json
import os
import pathlib
import shutil
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
SOURCE = REPOSITORY / "deploy" / "terraform"
# Where a machine that reaches no registry may have providers: a folder `registry.terraform.io` in one of these, or below one level.
MIRROR_PLACES = ["/usr/share/terraform", "/usr/local/share/terraform", "/opt"]


class TerraformFailed(AssertionError):
    """A command's end was not the one that was expected; says what it printed."""


class Terraform:
    """A root module in a folder of its own, and the environment that it is run in."""

    def __init__(self, folder: pathlib.Path, **environment: str):
        self.folder = folder / "terraform"
        shutil.copytree(SOURCE, self.folder, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        self.environment = {
            **os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **provider_source(folder), **environment,
        }

    def run(self, *arguments: str, expect: tuple[int, ...] = (0,), stdin: str = "") -> subprocess.CompletedProcess:
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self.environment, text=True, input=stdin, capture_output=True)
        if done.returncode not in expect:
            raise TerraformFailed(f"terraform {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def init(self, *arguments: str) -> None:
        # The lock file is part of what is tested: it has to name the provider that is used.
        self.run("init", "-input=false", "-no-color", "-lockfile=readonly", *arguments)

    def outputs(self) -> dict:
        told = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in told.items()}

    def plan(self) -> dict:
        """What a plan would change, as Terraform's JSON."""
        self.run("plan", "-input=false", "-no-color", "-out=next.plan", "-detailed-exitcode", expect=(0, 2))
        return json.loads(self.run("show", "-json", "next.plan").stdout)

    def resources(self) -> list[str]:
        return self.run("state", "list").stdout.split()


def provider_source(folder: pathlib.Path) -> dict[str, str]:
    """The environment that has Terraform take providers from a mirror, if this machine has one."""
    mirror = os.environ.get("KVNODE_TERRAFORM_MIRROR") or find_mirror()
    if mirror is None:
        return {}
    configuration = folder / "terraform.rc"
    configuration.write_text(f'''
provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = ["registry.terraform.io/*/*"]
  }}
}}
''')
    return {"TF_CLI_CONFIG_FILE": str(configuration)}


def find_mirror() -> str | None:
    for place in map(pathlib.Path, MIRROR_PLACES):
        for pattern in ("registry.terraform.io", "*/registry.terraform.io"):
            for found in sorted(place.glob(pattern)):
                return str(found.parent)
    return None
