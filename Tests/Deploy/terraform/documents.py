"""The tables of variables and outputs in deploy/terraform/README.md, from the module itself. Run as a program, it writes them."""

import pathlib
import re

from terraform_cli import SOURCE

README = SOURCE / "README.md"
BLOCK = re.compile(r'^(variable|output) "([a-z_]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> dict[str, str]:
    """The bodies of the root module's blocks of a kind, by their names."""
    text = "\n".join(path.read_text() for path in sorted(SOURCE.glob("*.tf")))
    return {name: body for found, name, body in BLOCK.findall(text) if found == kind}


def argument(body: str, name: str) -> str | None:
    found = re.search(rf"^  {name} += (.*)$", body, re.MULTILINE)
    return found.group(1) if found else None


def description(body: str) -> str:
    text = argument(body, "description")
    return text.strip('"').replace('\\"', '"') if text else ""


def tables() -> dict[str, str]:
    """Each table by the kind of what it lists."""
    variables = [f"| `{name}` | `{argument(body, 'default') or 'none'}` | {description(body)} |"
                 for name, body in blocks("variable").items()]
    outputs = [f"| `{name}` | {description(body)} |" for name, body in blocks("output").items()]
    return {
        "variable": "\n".join(["| Variable | Default | What it is |", "| --- | --- | --- |", *variables]),
        "output": "\n".join(["| Output | What it is |", "| --- | --- |", *outputs]),
    }


def marked(kind: str) -> re.Pattern:
    return re.compile(rf"(<!-- {kind}s -->\n).*?(<!-- /{kind}s -->)", re.DOTALL)


def write(readme: pathlib.Path = README) -> None:
    text = readme.read_text()
    for kind, table in tables().items():
        text = marked(kind).sub(lambda found, table=table: found.group(1) + table + "\n" + found.group(2), text)
    readme.write_text(text)


if __name__ == "__main__":
    write()
