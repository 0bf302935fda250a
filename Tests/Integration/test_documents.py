"""What README.md and docs/ tell to type does what they say, and what is written from the program is as the program says."""

import functools
import re
import subprocess

import pytest

from support.binary import BINARY, REPOSITORY, clean_environment
from support.documents import Block, arguments_of_make_run, blocks, differs, execute, steps

QUICKSTART = REPOSITORY / "docs/quickstart.md"
README = REPOSITORY / "README.md"
CONCEPTS = REPOSITORY / "docs/concepts.md"
INSTALLS = "the tests' own Python has what it installs, which `test_what_is_installed_is_what_is_tested` sees to"
# What is not executed here, by how it begins, and why not. `make run` is `kvnode dev` with the arguments of scripts/run.
ELSEWHERE = {
    QUICKSTART: {"python3 -m venv": INSTALLS, "pip install": INSTALLS},
    README: {"pip install": INSTALLS, "make test": "this test is a part of it"},
    CONCEPTS: {},
}


@pytest.mark.parametrize("document", ELSEWHERE, ids=lambda path: path.name)
def test_every_command_does_what_the_document_says(tmp_path, document):
    wrong = execute(document, tmp_path / "terminals", ELSEWHERE[document])
    assert not wrong, "\n\n".join(wrong)


def test_configuration_is_written_from_the_schema():
    ended = subprocess.run(
        [REPOSITORY / "scripts/docs-configuration", "--check"], capture_output=True, text=True, timeout=60,
        env=clean_environment() | {"KVNODE_BINARY": str(BINARY)})
    assert ended.returncode == 0, ended.stderr


def test_what_is_installed_is_what_is_tested():
    pinned = {line.partition("==")[0] for line in (REPOSITORY / "Tests/Integration/requirements.txt").read_text().splitlines()}
    for document in ELSEWHERE:
        for line in re.findall(r"pip install (.*)$", document.read_text(), re.MULTILINE):
            assert {word for word in line.split() if not word.startswith("-")} <= pinned


@functools.cache
def help_of(*command: str) -> str:
    ended = subprocess.run([BINARY, *command, "--help"], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert ended.returncode == 0, f"kvnode {' '.join(command)} is no command"
    return ended.stdout


def unknown_in(command: str) -> list[str]:
    """The subcommands and options of `kvnode …` that the program doesn't know."""
    path: list[str] = []
    for word in command.split()[1:]:
        if word.startswith("-") or not re.fullmatch(r"[a-z]+", word):
            break
        subcommands = help_of(*path).partition("SUBCOMMANDS:\n")[2]
        if not re.search(rf"^  {word}\b", subcommands, re.MULTILINE):
            if subcommands:
                return [word]
            break
        path.append(word)
    if default := re.search(r"^  ([a-z]+) \(default\)", help_of(*path), re.MULTILINE):
        path.append(default[1])
    return [option for option in re.findall(r"(?<!\S)--[a-z-]+", command)
            if not re.search(rf"{option}\b", help_of(*path))]


@pytest.mark.parametrize("name", [
    "README.md", "docs/quickstart.md", "docs/concepts.md", "docs/configuration.md", "docs/choosing-an-engine.md",
    "docs/operations.md"])
def test_commands_within_lines_exist(name):
    text = re.sub(r"^```.*?^```", "", (REPOSITORY / name).read_text(), flags=re.MULTILINE | re.DOTALL)
    commands = {" ".join(one.split()) for one in re.findall(r"`(kvnode [a-z][^`]*)`", text)}
    unknown = {command: found for command in sorted(commands) if (found := unknown_in(command))}
    assert commands and not unknown


def test_targets_of_make_exist():
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for document in (QUICKSTART, README):
        named = set(re.findall(r"\bmake ([a-z-]+)`", document.read_text())) | set(
            re.findall(r"^(?:\$ )?make ([a-z-]+)$", document.read_text(), re.MULTILINE))
        assert named and named <= targets
    assert arguments_of_make_run()


# MARK: that the comparison can fail

def test_what_is_compared():
    assert differs("milk\n", "milk") is None
    assert differs("milk\n", "tea\n") and differs("milk\n", "milk\ntea\n") and differs("", "milk\n")
    assert differs("name   size\na…     2\n", "name size\nabc 2\n") is None
    assert differs("name   size\na…     2\n", "name size\nabc 3\n")
    assert differs("…\nready\n", "one\ntwo\nready\n") is None and differs("…\nready\n", "one\ntwo\n")
    assert differs("sent 1.4 KiB in 0.9 s\n", "sent 1.3 KiB in 12 s\n") is None
    assert differs("sent 1.4 KiB in 0.9 s\n", "sent 1.3 KiB in 12 ms\n")


def test_a_command_that_there_is_not_is_found():
    assert unknown_in("kvnode config --explain") == [] and unknown_in("kvnode cluster ring KEY --bucket B") == []
    assert unknown_in("kvnode cluster rings") == ["rings"] and unknown_in("kvnode get alice --buckets b") == ["--buckets"]


def test_what_is_taken_for_a_command():
    block, = blocks("text\n```\n$ one \\\n  --two\nsaid\n\n$ three\n```\n")
    assert [(step.command, step.output) for step in steps(block)] == [("one \\\n  --two", "said\n\n"), ("three", "")]
    assert [step.command for step in steps(Block("", "one\n# two\nthree\n", 1))] == ["one", "three"]
