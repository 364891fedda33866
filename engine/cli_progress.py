"""Progress and words of the command line: bars with rate and ETA on stderr, nothing where nobody looks."""

from __future__ import annotations

import argparse
import sys
from types import TracebackType
from typing import Any

from .progress import Progress


class ProgressBar:
    """A ``ProgressSink`` that shows one bar per stage; silent when stderr is no terminal.

    Args:
        quiet: show nothing at all.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet or not sys.stderr.isatty()
        self._stage = ""
        self._bar: Any = None

    def __call__(self, report: Progress) -> None:
        """Show a report."""
        if self._quiet:
            return
        if report.stage != self._stage:
            self.close()
            from tqdm import tqdm

            self._stage = report.stage
            self._bar = tqdm(
                desc=report.stage, total=report.total, unit=f" {report.unit}", leave=False, dynamic_ncols=True
            )
        self._bar.total = report.total
        self._bar.update(report.done - self._bar.n)

    def note(self, text: str) -> None:
        """Show a few figures behind the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)

    def write(self, text: str) -> None:
        """Say something that stays above the bar."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> ProgressBar:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Take the bar off the screen, also after an error."""
        self.close()


def warn(args: argparse.Namespace, message: str) -> None:
    """Say something that is no error, on stderr."""
    if not args.quiet:
        print(f"referent: {message}", file=sys.stderr)
