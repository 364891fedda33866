"""Going on where a run stopped: what the command line keeps, says and cleans up around a question."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core_model.errors import ModelError
from ..geo_io.errors import GeoIOError
from .cli_progress import warn
from .errors import Cancelled, EngineError

if TYPE_CHECKING:
    from .answer import Answer
    from .journal import Journal


def add_options(group: Any) -> None:
    """Add the options to a group of a parser."""
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--restart", action="store_true", help="throw away what a stopped run left (default: go on with it)"
    )
    choice.add_argument(
        "--no-resume", action="store_true", help="keep nothing beside the output that a stopped run could go on with"
    )


def journal_of(args: argparse.Namespace) -> Journal | None:
    """Return the journal of the output; None without output or with ``--no-resume``."""
    if args.output is None or args.no_resume:
        return None
    from .journal import Journal

    folder = args.output.with_name(f"{args.output.name}.unfinished")
    return Journal(folder, args.output.name, restart=args.restart, tell=lambda text: warn(args, text))


@contextmanager
def keeping(journal: Journal | None, finish: Callable[[], Answer]) -> Iterator[None]:
    """Remove what is kept after success; after a stop or an error say what is kept, and write the part that is found.

    Args:
        journal: of the run; None: nothing is kept.
        finish: gives the answer of the finished part.
    """
    if journal is None:
        yield
        return
    try:
        yield
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


def _kept(journal: Journal, partial: Path | None) -> str:
    found = f" with what was found so far in {partial.name}" if partial is not None else ""
    share = f"the finished {journal.share_done:.0%} is kept in {journal.folder}"
    return f"{share}{found}; the same command goes on from there."


def _write_partial(journal: Journal, finish: Callable[[], Answer]) -> Path | None:
    from ..geo_io.layer import write_layer

    output = Path(journal.output_name)
    path = journal.folder / f"{output.stem}.partial{output.suffix}"
    journal.only_finished = True
    try:
        frame = finish().frame
        metadata = frame.attrs | {"partial": f"the upper {journal.share_done:.1%} of the raster"}
        write_layer(frame, path, metadata=metadata, overwrite=True)
    except (KeyboardInterrupt, EngineError, ModelError, GeoIOError):
        return None  # the journal is what matters; a second Ctrl-C wants out
    return path
