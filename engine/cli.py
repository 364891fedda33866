"""The command line: ``referent query | encode | cache | train | evaluate | benchmark | info | models``.

Exit codes, the same for every command:

====  =======================================================================================
0     done; also when nothing was found
2     usage or input: options, expressions, rasters, layers, data sets
3     model: a checkpoint is missing, damaged or does not fit; the device is not there
4     output: it cannot be written where it was asked for
5     stopped from outside (SIGTERM)
6     some of several rasters failed; what was found in the others is written
70    a fault of this program; ``--debug`` shows where
130   stopped with Ctrl-C
====  =======================================================================================

Nothing heavy is imported before a command needs it, so that ``--help`` is instant. One of the two places that catch
errors (the worker is the other): everything below raises.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from .. import __version__
from ..core_model.errors import CheckpointError, DeviceError, ModelError
from ..geo_io.errors import GeoIOError, OutputError
from .cli_benchmark import add_parser as add_benchmark
from .cli_cache import add_parser as add_cache
from .cli_encode import add_parser as add_encode
from .cli_evaluate import add_parser as add_evaluate
from .cli_info import add_parser as add_info
from .cli_models import add_parser as add_models
from .cli_query import add_parser as add_query
from .cli_train import add_parser as add_train
from .errors import Cancelled, EngineError

EXIT_OK = 0
EXIT_INPUT = 2
EXIT_MODEL = 3
EXIT_OUTPUT = 4
EXIT_STOPPED = 5
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130

_COMMANDS = (add_query, add_encode, add_cache, add_train, add_evaluate, add_benchmark, add_info, add_models)
_EPILOG = """exit codes: 0 done (also when nothing was found), 2 usage or input, 3 model or device, 4 output,
5 stopped, 6 some of several rasters failed, 70 a fault of this program (--debug shows where), 130 Ctrl-C"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="referent", description="Ask a raster map in words.", epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"referent {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    common.add_argument("--quiet", action="store_true", help="show no progress and no warnings")
    common.add_argument("--debug", action="store_true", help="show where an error came from")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add_command in _COMMANDS:
        add_command(commands, common)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: the words after the program's name; those of the process if None.
    """
    # A file name or class name that the terminal's encoding lacks must not end the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    args = build_parser().parse_args(argv)
    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, _stop)
    try:
        return args.run(args) or EXIT_OK
    except KeyboardInterrupt as error:
        message = str(error) or "Stopped with Ctrl-C; no output was written."
        return _report(args, message, "Interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output left, as `head` does; Python must not complain again while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except (EngineError, ModelError, GeoIOError) as error:
        if args.debug:
            traceback.print_exc()
        return _report(args, str(error), type(error).__name__, exit_code(error))
    except Exception as error:  # the outermost edge: everything else is a fault of ours
        if args.debug:
            traceback.print_exc()
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        where = "" if args.debug else " Run it again with --debug and report what it prints."
        return _report(args, f"Unexpected fault ({text}).{where}", "Fault", EXIT_FAULT)


def exit_code(error: Exception) -> int:
    """Return the exit code of an error that was raised on purpose."""
    if isinstance(error, CheckpointError | DeviceError):
        return EXIT_MODEL
    if isinstance(error, OutputError):
        return EXIT_OUTPUT
    return EXIT_STOPPED if isinstance(error, Cancelled) else EXIT_INPUT


def _report(args: argparse.Namespace, message: str, kind: str, code: int) -> int:
    print(f"referent: {message}", file=sys.stderr)
    if args.json:
        print(json.dumps({"error": {"kind": kind, "message": message, "exit_code": code}}))
    return code


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Cancelled("Stopped by a signal; no output was written.")
