"""``make bench``: every benchmark in turn, each in a process of its own.

    python -m benchmarks [--quick] [--page] [NAME ...]

Names are those of the files in this folder; without any, all are run. The figures are printed
and kept in ``results.json``; ``--page`` only writes those into ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.harness import comparing, suite


def main() -> int:
    """Parse the command line and run."""
    known = suite.names()
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--quick", action="store_true", help="a smoke test: once, on small data")
    parser.add_argument("--page", action="store_true", help="write kept figures into the docs")
    options = parser.parse_args()
    if unknown := sorted({*options.names} - {*known}):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    if options.page:
        suite.write_page()
        return 0
    if options.quick:
        os.environ[comparing.QUICK] = "1"
    return suite.run_all(options.names or known)


if __name__ == "__main__":
    sys.exit(main())
