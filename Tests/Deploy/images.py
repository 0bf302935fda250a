"""Images without a registry: a base of Debian's packages, and the Dockerfile built on it with a program that is there already."""

import pathlib
import re
import shutil
import subprocess

from support import BINARY, REPOSITORY, run

BASE = "localhost/kvnode-test/base"
BUILDER = "localhost/kvnode-test/builder"
IMAGE = "localhost/kvnode-test/kvnode"

# Containers within a container: no cgroups of systemd, and limits that may be set there.
PODMAN = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]

# In the place of the compiler: answers with what was built before.
SWIFT = """#!/bin/sh
case "$*" in
    *--show-bin-path*) echo /prebuilt ;;
    *) echo "$*" >/prebuilt/arguments ;;
esac
"""


def build_image(folder: pathlib.Path) -> None:
    """Builds deploy/docker/Dockerfile as IMAGE; what it would compile is BINARY."""
    if not run(*PODMAN, "images", "--quiet", BASE):
        bootstrap(folder / "base")
    context = folder / "builder"
    shutil.copytree("/etc/apt", context / "apt", ignore=shutil.ignore_patterns("auth.conf.d"))
    prebuilt = context / "prebuilt"
    prebuilt.mkdir()
    shutil.copy(BINARY, prebuilt / "kvnode")
    for library in swift_libraries():
        shutil.copy(library, prebuilt)
    (context / "swift").write_text(SWIFT)
    (context / "swift").chmod(0o755)
    (context / "Dockerfile").write_text(
        # libxml2: Foundation's libraries want it, where they are not linked into the program.
        f"FROM {BASE}\nCOPY apt /etc/apt\nRUN apt-get update && apt-get install --yes --no-install-recommends libxml2\n"
        "COPY swift /usr/bin/swift\nCOPY prebuilt /prebuilt\n")
    build(BUILDER, context)
    build(IMAGE, REPOSITORY, "--file", REPOSITORY / "deploy/docker/Dockerfile",
          "--build-arg", f"SWIFT_IMAGE={BUILDER}", "--build-arg", f"BASE_IMAGE={BASE}")


def build(name: str, context: pathlib.Path, *options: str | pathlib.Path) -> None:
    run("buildah", "bud", "--isolation", "chroot", "--format", "docker", "--layers=false", "--tag", name, *options, context)


def bootstrap(folder: pathlib.Path) -> None:
    """Debian's smallest system, and what the image's real base has: libstdc++."""
    run("debootstrap", "--variant=minbase", "--include=ca-certificates,libstdc++6", "bookworm", folder)
    with subprocess.Popen(["tar", "--directory", folder, "--create", "."], stdout=subprocess.PIPE) as archive:
        run(*PODMAN, "import", "-", BASE, stdin=archive.stdout)
    shutil.rmtree(folder)


def swift_libraries() -> list[str]:
    """Those of a build that isn't static; the program finds them beside itself."""
    paths = re.findall(r"=> (\S+) \(", run("ldd", BINARY))
    return [path for path in paths if "/swift/" in path]
