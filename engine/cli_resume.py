"""Going on where a run stopped: what the command line keeps, says and cleans up around a question."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..core_model.errors import ModelError
from ..geo_io.errors import GeoIOError
from .cli_progress import warn
from .errors import Cancelled, EngineError

if TYPE_CHECKING:
    from .answer import Answer
    from .unfinished import Unfinished

J = TypeVar("J", bound="Unfinished")


def add_options(group: Any) -> None:
    """Add the options to a group of a parser."""
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--restart", action="store_true", help="throw away what a stopped run left (default: go on with it)"
    )
    choice.add_argument(
        "--no-resume", action="store_true", help="keep nothing beside the output that a stopped run could go on with"
    )


def journal_of(args: argparse.Namespace, kind: type[J]) -> J | None:
    """Return the journal of the output; None without output or with ``--no-resume``."""
    if args.output is None or args.no_resume:
        return None
    folder = args.output.with_name(f"{args.output.name}.unfinished")
    return kind(folder, args.output.name, restart=args.restart, tell=lambda text: warn(args, text))


@contextmanager
def keeping(journal: Unfinished | None, finish: Callable[[], Answer]) -> Iterator[Callable[[], None]]:
    """Remove what is kept after success; after a stop or an error say what is kept, and write the part that is found.

    Args:
        journal: of the run; None: nothing is kept.
        finish: gives the answer of the finished part.

    Yields:
        Call it to keep what is there after success too, for there is more to be done.
    """
    if journal is None:
        yield lambda: None
        return
    wanted: list[bool] = []
    try:
        yield lambda: wanted.append(True)
        if not wanted:
            journal.remove()
    except (KeyboardInterrupt, Cancelled) as error:
        if journal.share_done:
            error.args = (f"Stopped: {_kept(journal, _write_partial(journal, finish))}",)
        raise
    except (EngineError, ModelError, GeoIOError) as error:
        if journal.share_done:
            error.args = (f"{error} T{_kept(journal, None)[1:]}",)
        raise
    finally:
        journal.close()


def _kept(journal: Unfinished, partial: Path | None) -> str:
    found = f" with what was found so far in {partial.name}" if partial is not None else ""
    share = f"the finished {journal.share_done:.0%} is kept in {journal.folder}"
    return f"{share}{found}; the same command goes on from there."


def _write_partial(journal: Unfinished, finish: Callable[[], Answer]) -> Path | None:
    from ..geo_io.layer import write_layer

    output = Path(journal.output_name)
    path = journal.folder / f"{output.stem}.partial{output.suffix}"
    journal.only_finished = True
    try:
        frame = finish().frame
        metadata = frame.attrs | {"partial": journal.part_note}
        write_layer(frame, path, metadata=metadata, overwrite=True)
    except (KeyboardInterrupt, EngineError, ModelError, GeoIOError):
        return None  # the journal is what matters; a second Ctrl-C wants out
    return path
