"""What came of a run, for people and for programs."""

import dataclasses
import json
import pathlib
import shutil

from . import page
from .history import Outcome
from .rounds import kinds_of
from .run import Result


def write(result: Result, folder: pathlib.Path) -> None:
    """`chaos.json` and `chaos.html`, which needs nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    document = as_document(result)
    (folder / "chaos.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "chaos.html").write_text(page.render(document))


def as_document(result: Result) -> dict:
    options = result.options
    return {
        "seed": options.seed,
        "faults_asked": list(options.kinds),
        "rounds": result.rounds_done,
        "seconds_of_faults_each": options.seconds,
        "rate": options.rate,
        "network": "loopback" if options.no_namespaces else "namespaces",
        "plain": options.is_plain,
        "no_namespaces_because": options.no_namespaces,
        "impossible_faults": result.impossible,
        "operations": result.operations,
        "done": result.with_outcome(Outcome.DONE),
        "unknown": result.with_outcome(Outcome.UNKNOWN),
        "not_sent": result.with_outcome(Outcome.NOT_SENT),
        "calls": [
            {"protocol": protocol, "action": action, "outcome": outcome, "count": count}
            for (protocol, action, outcome), count in sorted(result.calls.items())],
        "errors": [
            {"protocol": protocol, "error": error, "count": count}
            for (protocol, error), count in result.errors.most_common()],
        "keys": result.keys,
        "faults": [dataclasses.asdict(one) for one in result.faults],
        "faults_by_kind": kinds_of(result.faults),
        "lost_writes": result.lost_writes,
        "violations": [dataclasses.asdict(one) for one in result.violations],
        "excused": result.excused,
        "settled_in_seconds": [round(one, 1) for one in result.settled_in],
        "per_second": [
            {"done": one.done, "failed": one.failed, "p99_ms": round(one.p99_ms, 1),
             "longest_ms": round(one.longest_ms, 1)} for one in result.seconds],
    }


def summary(result: Result) -> str:
    """Some lines for a terminal."""
    lines = [
        f"chaos: {result.operations:,} operations on {result.keys:,} keys, of which "
        f"{result.with_outcome(Outcome.UNKNOWN):,} ended in doubt; {len(result.faults)} faults; "
        f"{result.lost_writes} lost writes; {len(result.violations)} violations",
        f"chaos: the nodes agreed after {', '.join(f'{one:.1f}' for one in result.settled_in)} s",
    ]
    for one in result.violations:
        lines += [f"VIOLATION {one.kind}: {one.key} {one.text}", *(f"    {line}" for line in one.history)]
    return "\n".join(lines)


def keep_logs(folder: pathlib.Path, into: pathlib.Path) -> None:
    """Of all nodes that began in `folder`, with their configurations."""
    for path in [*folder.glob("node*/node.log"), *folder.glob("node*/node.yaml")]:
        target = into / path.parent.name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
