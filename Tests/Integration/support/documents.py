"""Markdown whose commands are executed, and compared with what it says that they print."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
from dataclasses import dataclass

from .binary import BINARY, REPOSITORY, clean_environment
from .ports import free_block
from .waiting import GivesUp, eventually

# Documents name the ports that `kvnode dev` takes by default, 7400 and on, and 7500 and on for a second cluster.
_PORT = re.compile(r"\b7([45])(\d\d)\b")
_PORTS = 200
_COMMAND_SECONDS = 60
# What depends on the machine and the moment: times and sizes with their units.
_MEASURE = re.compile(r"\b\d+(?:\.\d+)? (ms|s|B|KiB|MiB)\b")
# Commands that serve until they are ended.
_SERVER = re.compile(r"make run$|kvnode dev\b")


@dataclass
class Block:
    """Fenced code: its language, its text, and the line where it begins."""

    language: str
    text: str
    line: int


@dataclass
class Step:
    """A command, and the lines that follow it; None where the document tells none."""

    command: str
    output: str | None
    line: int


def blocks(text: str) -> list[Block]:
    found, open_block, lines = [], None, text.splitlines()
    for number, line in enumerate(lines, 1):
        if open_block is None and line.startswith("```"):
            open_block = Block(line[3:], "", number)
        elif line.startswith("```"):
            found.append(open_block)
            open_block = None
        elif open_block is not None:
            open_block.text += line + "\n"
    assert open_block is None, f"the code of line {open_block.line} has no end"
    return found


def steps(block: Block) -> list[Step]:
    """The commands of a block. With "$ " before each, what lies between is what they print; without, all lines are commands."""
    is_session = block.text.startswith("$ ")
    found: list[Step] = []
    continues = False
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if continues:
            found[-1].command += "\n" + line
        elif not is_session:
            if not line or line.startswith("#"):
                continue
            found.append(Step(line, None, number))
        elif line.startswith("$ "):
            found.append(Step(line[2:], "", number))
        else:
            found[-1].output += line + "\n"
            continue
        continues = line.endswith("\\")
    return found


def pattern(documented: str) -> re.Pattern:
    """What a documented output stands for: "…" for anything within a line, alone on a line for any lines."""
    lines = []
    for line in documented.splitlines():
        if line.strip() == "…":
            lines.append(r"(?:.*\n)*")
        else:
            lines.append(".*".join(re.escape(part) for part in _normal(line).split("…")) + r"\n")
    return re.compile("".join(lines))


def _normal(line: str) -> str:
    """Columns are as wide as their contents, which differ where "…" stands for them; so spaces are as good as one."""
    line = re.sub(r" +", " ", _MEASURE.sub(r"# \1", line)).strip()
    return re.sub(r" ?… ?", "…", line)


def differs(documented: str, printed: str) -> str | None:
    """How what was printed differs from what the document says; None if it doesn't."""
    lines = [_normal(line) for line in printed.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    if pattern(documented.rstrip("\n")).fullmatch("".join(line + "\n" for line in lines)):
        return None
    return f"documented:\n{documented}\nprinted:\n{printed}"


class Terminals:
    """A shell, a Python and the clusters that a document starts, in a directory of their own that has the repository's proto/."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.base = free_block(_PORTS)
        self.servers: dict[int, subprocess.Popen] = {}
        self._output = directory / "command.out"
        tools = directory / "bin"
        tools.mkdir(parents=True)
        (tools / "kvnode").symlink_to(BINARY.resolve())
        (directory / "proto").symlink_to(REPOSITORY / "proto")
        # As on a terminal, where curl shows no progress of what it writes there, and redis-cli shows types.
        (directory / ".curlrc").write_text("silent\nshow-error\n")
        kept = {name: value for name, value in clean_environment().items() if not name.lower().endswith("_proxy")}
        self.environment = kept | {
            "PATH": f"{tools}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "FAKETTY": "1",
            "HOME": str(directory), "CURL_HOME": str(directory), "XDG_CACHE_HOME": str(directory / "cache"), "LC_ALL": "C.UTF-8"}
        # The node that the command line asks by default is not at its default port here.
        self._shell = self._child("env", f"KVNODE_ENDPOINT=127.0.0.1:{self.base}", "bash", "--norc", "-s")
        self._python = self._child(sys.executable, "-c", _PYTHON)

    def _child(self, *arguments) -> subprocess.Popen:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *arguments], cwd=self.directory, env=self.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def close(self) -> None:
        for base in list(self.servers):
            self.end_server(base)
        for child in (self._shell, self._python):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()

    # MARK: names and ports

    def localised(self, text: str) -> str:
        """The document's text with this run's ports, and with patterns for processes that meet only those of this run."""
        assert "pkill" not in text and "killall" not in text, "it would end others' processes"
        text = text.replace("pgrep -f 'kvnode serve.*", f"pgrep -f 'kvnode serve.*{self.directory}/.*")
        assert text.count("pgrep") == text.count(f"{self.directory}/.*"), f"{text} would meet others' processes"
        return _PORT.sub(lambda found: str(self.base + 100 * (int(found[1]) - 4) + int(found[2])), text)

    def documented(self, text: str) -> str:
        """The other way round."""
        def original(found: re.Match) -> str:
            offset = int(found[0]) - self.base
            return str(7400 + offset) if 0 <= offset < _PORTS else found[0]
        return re.sub(r"\b\d{5}\b", original, text)

    # MARK: what is executed

    def shell(self, command: str) -> tuple[int, str]:
        """Its exit code, and what it printed, in a shell that keeps its variables and functions."""
        # By way of a file, since commands may leave something behind that has the pipe open. In the braces the command
        # is in the shell itself.
        self._shell.stdin.write(f"{{ {self.localised(command)}\n}} >'{self._output}' 2>&1 </dev/null; echo \"ended $?\"\n")
        self._shell.stdin.flush()
        said = _line(self._shell, command)
        assert said.startswith("ended "), f"{command}: {said}"
        return int(said.split()[1]), self.documented(self._output.read_text())

    def python(self, source: str, line: int) -> str:
        """Executes source, or a session with prompts, whose output is compared; what differs is given back."""
        self._python.stdin.write(repr((self.localised(source), line)) + "\n")
        self._python.stdin.flush()
        return self.documented(eval(_line(self._python, source)))

    def serve(self, arguments: list[str]) -> str:
        """Starts `kvnode dev`, ending the one at the same ports as ^C does; what it said until it was ready."""
        base = self.base
        if "--base-port" in arguments:
            place = arguments.index("--base-port")
            base = int(self.localised(arguments[place + 1]))
            arguments = arguments[:place] + arguments[place + 2:]
        self.end_server(base)
        output = self.directory / f"dev-{base}.out"
        with open(output, "wb") as file, open(self.directory / f"dev-{base}.err", "ab") as log:
            self.servers[base] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", BINARY, "dev", *arguments, "--base-port", str(base)],
                cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=log,
                start_new_session=True)

        def is_ready() -> bool:
            if self.servers[base].poll() is not None:
                raise GivesUp(f"it ended: {output.read_text()}")
            return re.search(r"^ready$", output.read_text(), re.MULTILINE) is not None
        eventually(is_ready, "the word ready", seconds=60)
        return self.documented(output.read_text())

    def end_server(self, base: int) -> None:
        if server := self.servers.pop(base, None):
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGINT)
            server.wait(60)


def _line(child: subprocess.Popen, what: str) -> str:
    """The next line of its output; a child that takes too long is ended, so that the test fails and does not hang."""
    def give_up(*_) -> None:
        raise AssertionError(f"no end within {_COMMAND_SECONDS} s: {what}")
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_COMMAND_SECONDS)
    try:
        return child.stdout.readline()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# Reads a repr of (source, line) per line, executes it, and answers with a repr of what was wrong.
_PYTHON = """
import doctest, io, sys, traceback
names, requests, replies = {"__name__": "__main__"}, sys.stdin, sys.stdout
for request in requests:
    source, line = eval(request)
    sys.stdout = output = io.StringIO()
    try:
        if source.startswith(">>> "):
            test = doctest.DocTestParser().get_doctest(source, names, "document", "document", line)
            doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.write, clear_globs=False)
            names.update(test.globs)
        else:
            exec(compile(source, "document", "exec"), names)
            output = io.StringIO()
    except BaseException:
        output.write(traceback.format_exc())
    sys.stdout = replies
    print(repr(output.getvalue()), flush=True)
"""


def arguments_of_make_run() -> list[str]:
    """What `make run` has `kvnode dev` do."""
    text = (REPOSITORY / "scripts/run").read_text()
    return re.search(r'^exec .*kvnode" dev (.*) "\$@"$', text, re.MULTILINE)[1].split()


def execute(document: pathlib.Path, directory: pathlib.Path, elsewhere: dict[str, str]) -> list[str]:
    """Executes a document's commands in their order; on the cluster of `make run`, unless the document starts one.

    `elsewhere` has, by what a command begins with, where it is executed instead; each has to be met.
    Gives back what was not as it should be.
    """
    wrong, met = [], set()
    terminals = Terminals(directory)
    try:
        found = blocks(document.read_text(encoding="utf-8"))
        if not any(_SERVER.match(step.command) for block in found if not block.language for step in steps(block)):
            terminals.serve(arguments_of_make_run())
        for block in found:
            where = f"{document.name}:{block.line}"
            if block.language in ("python", "pycon"):
                if said := terminals.python(block.text, block.line):
                    wrong.append(f"{where}: {said}")
            elif block.language == "yaml":
                file = directory / f"line-{block.line}.yaml"
                file.write_text(block.text)
                code, said = terminals.shell(f"kvnode config --config '{file}'")
                if code:
                    wrong.append(f"{where}: kvnode config ended with {code}: {said}")
            elif block.language == "":
                for step in steps(block):
                    known = [start for start in elsewhere if step.command.startswith(start)]
                    met.update(known)
                    if not known and (problem := _problem(step, terminals)):
                        wrong.append(f"{document.name}:{step.line}: {step.command}\n{problem}")
            else:
                wrong.append(f"{where}: nobody knows how to execute {block.language}")
    finally:
        terminals.close()
    wrong += [f"{document.name} has no command that begins with {start}" for start in elsewhere if start not in met]
    return wrong


def _problem(step: Step, terminals: Terminals) -> str | None:
    if _SERVER.match(step.command):
        told = step.command.removesuffix(" &").split()
        printed = terminals.serve(arguments_of_make_run() if told[0] == "make" else told[2:])
        code = 0
    elif step.command.startswith("kvnode cluster status"):
        # What nodes know of each other comes when it comes, and asking changes nothing.
        with contextlib.suppress(AssertionError):
            eventually(lambda: _verdict(step, *terminals.shell(step.command)) is None, "the documented status", interval=0.5)
        code, printed = terminals.shell(step.command)
    else:
        code, printed = terminals.shell(step.command)
    return _verdict(step, code, printed)


def _verdict(step: Step, code: int, printed: str) -> str | None:
    if code:
        return f"ended with {code}: {printed}"
    return None if step.output is None else differs(step.output, printed)
