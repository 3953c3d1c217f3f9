"""What the measuring scripts beside this file share: where the program is, a folder of their own, tables."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def arguments(description):
    """A parser that already knows `--soak`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--soak", help="the program to measure; without it a release build is made")
    return parser


def program(given, examples=False):
    """The path of the program, built first where none was given; the examples lie in `examples/` beside it."""
    if given:
        return os.path.abspath(given)
    command = ["cargo", "build", "--release", "--quiet", "--bins"] + (["--examples"] if examples else [])
    subprocess.run(command, cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    return os.path.join(os.path.abspath(target), "release", "soak")


class Folder:
    """A temporary folder, removed at the end, in which nothing of the user's is read or written."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="soak-bench-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name, text=None):
        """The path of a file in it, written where a text is given."""
        path = os.path.join(self.path, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def environment(self, **more):
        """This process's environment with the journals and the scratch folders in here."""
        here = {"XDG_STATE_HOME": self.file("state"), "TMPDIR": self.path, "NO_COLOR": "1"}
        return {**os.environ, **here, **more}


def median(values):
    return statistics.median(values)


def quantile(values, share):
    """The smallest value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def table(head, rows):
    """Prints rows as Markdown would have them, in columns."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for number, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    sys.stdout.flush()


def verdict(missed):
    """Ends the script: 0 where nothing was missed."""
    for line in missed:
        print(f"missed: {line}")
    print("all requirements are met" if not missed else f"{len(missed)} missed")
    sys.exit(1 if missed else 0)
