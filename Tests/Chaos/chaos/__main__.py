"""Runs real nodes under faults and clients, checks what the clients saw, and writes a report.

    scripts/chaos --seed 4711                          ten minutes, all faults
    scripts/chaos --hours 8                            a soak, in rounds of ten minutes
    scripts/chaos --minutes 2 --faults kill,halves     two minutes of these faults

Ends with 0 if all was as it must be, 1 after a violation, 2 if the run could not be made, 130 after ^C.
"""

import argparse
import os
import pathlib
import secrets
import sys
import tempfile
import traceback

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
# What the integration tests have in common with it; and this package, for the processes that are started.
sys.path[:0] = [str(REPOSITORY / "Tests/Integration")]
os.environ["PYTHONPATH"] = str(REPOSITORY / "Tests/Chaos")

from . import isolation, report, run  # noqa: E402
from .schedule import FAULTS  # noqa: E402

VIOLATION, IMPOSSIBLE, INTERRUPTED = 1, 2, 130
#: Of faults, after which the clients end, all is checked, and what they were told is forgotten.
ROUND_MINUTES = 10.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=REPOSITORY / ".build/release/kvnode")
    parser.add_argument("--seed", help="decides which faults happen when; drawn, and told, by default")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=ROUND_MINUTES, help="of faults; 10 by default")
    length.add_argument("--hours", type=float, help="the same")
    parser.add_argument("--faults", default=",".join(FAULTS), help=f"of {', '.join(FAULTS)}; all by default")
    parser.add_argument("--rate", type=float, default=300, help="requests a second; 300 by default")
    parser.add_argument("--no-namespaces", action="store_true", help="all nodes on the loopback address")
    parser.add_argument("--plain", action="store_true", help="without TLS and users")
    parser.add_argument("--report", type=pathlib.Path, default=REPOSITORY / "report/chaos", help="a folder")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the nodes' logs and configurations")
    given = parser.parse_args()
    unknown = set(given.faults.split(",")) - set(FAULTS)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if given.minutes <= 0 or (given.hours is not None and given.hours <= 0) or given.rate <= 0:
        parser.error("a run takes some time and some requests")
    if not given.binary.exists():
        parser.error(f"no node at {given.binary}")
    given.seed = given.seed or f"{secrets.randbits(32)}"
    return given


def options(given: argparse.Namespace, no_namespaces: str | None) -> run.Options:
    minutes = given.minutes if given.hours is None else given.hours * 60
    rounds = max(1, round(minutes / ROUND_MINUTES))
    return run.Options(
        given.binary.resolve(), given.seed, minutes * 60 / rounds, rounds, given.faults.split(","), given.rate,
        no_namespaces, given.plain)


def main() -> int:
    given = arguments()
    no_namespaces = None
    if given.no_namespaces:
        no_namespaces = "--no-namespaces was given"
    elif not isolation.is_inside():
        no_namespaces = isolation.reason_against()
        if no_namespaces is None:
            isolation.enter([*sys.argv[1:], "--seed", given.seed])
    print(f"chaos: seed {given.seed}")
    if no_namespaces:
        print(f"chaos: NO NETWORK NAMESPACES: {no_namespaces}. The fault proxy cuts and loses on the loopback address.")
    with tempfile.TemporaryDirectory(prefix="kvnode-chaos-") as folder:
        try:
            result = run.perform(
                options(given, no_namespaces), pathlib.Path(folder), lambda words: print(words, flush=True))
        except KeyboardInterrupt:
            print("chaos: interrupted; all that was started has ended", file=sys.stderr)
            return INTERRUPTED
        except Exception:
            # Not to be taken for a violation, whose exit code an uncaught one would have.
            traceback.print_exc()
            return IMPOSSIBLE
        finally:
            if given.keep:
                report.keep_logs(pathlib.Path(folder), given.keep)
    report.write(result, given.report)
    print(report.summary(result))
    print(f"chaos: {given.report / 'chaos.html'}")
    return VIOLATION if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
