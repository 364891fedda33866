"""A worker whose jobs misbehave on demand, run by its path; streams, loop and threads are the real ones."""

# ruff: noqa: T201

import ctypes
import os
import runpy
import shutil
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def echo(params, context):
    return dict(params)


def steps(params, context):
    for done in range(params["count"]):
        if context.is_cancelled():
            raise InterruptedError
        context.progress("steps", done, params["count"], "steps")
        time.sleep(params.get("pause_s", 0.02))
    return {"done": params["count"]}


def deaf(params, context):
    time.sleep(params["seconds"])
    return {}


def noise(params, context):
    print("a print of a library")
    os.write(1, b"raw bytes on file descriptor one\n")
    ctypes.CDLL(None).puts(b"puts of a C library")
    ctypes.CDLL(None).fflush(None)
    print("a line of standard error", file=sys.stderr)
    context.warn("a warning")
    return {"ok": True}


def fail(params, context):
    raise ValueError("the value 7 is wrong; use 8")


def die(params, context):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(params, context):
    os._exit(3)


def stop(params, context):
    os.kill(os.getpid(), signal.SIGSTOP)


def hold_lock_idle(params, context):
    # PyDLL keeps Python's lock: no thread of the worker can answer, and nothing computes.
    ctypes.PyDLL(None).sleep(int(params["seconds"]))
    return {}


def hold_lock_busy(params, context):
    # A long computation in C that keeps Python's lock.
    end = time.monotonic() + params["seconds"]
    sys.setswitchinterval(1000.0)
    value = 0
    while time.monotonic() < end:
        value = (value + sum(range(200000))) % 7
    sys.setswitchinterval(0.005)
    return {"value": value}


def query(params, context):
    """Answer in a second, from a file made beforehand."""
    for done in range(int(os.environ.get("FAKE_QUERY_STEPS", "20"))):
        if context.is_cancelled():
            raise InterruptedError
        context.progress("segment", done, 20, "tiles")
        time.sleep(0.05)
    shutil.copy(os.environ["FAKE_ANSWER"], params["output"])
    return {
        "output": params["output"],
        "counts": [10],
        "best_scores": [0.9],
        "plans": [""],
        "explanations": [""],
        "kept_from": 0.3,
        "warnings": [],
        "model": "fake",
        "device": "CPU",
        "seconds": 1.0,
    }


def models(params, context):
    return {"models": []}


JOBS = {name: value for name, value in globals().items() if callable(value) and name != "Path"}


def explain(error):
    return ("internal", str(error))


if __name__ == "__main__":
    start = runpy.run_path(str(ROOT / "engine" / "run_worker.py"))
    source, sink = start["_private_streams"]()
    start["_register_package"]()
    from referent.engine.protocol import PROTOCOL_VERSION, Hello
    from referent.engine.worker import Worker, _guard_parent

    _guard_parent()
    time.sleep(float(os.environ.get("FAKE_START_S", "0")))
    if os.environ.get("FAKE_START_EXIT"):
        print("ImportError: a library is missing", file=sys.stderr)
        sys.exit(int(os.environ["FAKE_START_EXIT"]))
    version = PROTOCOL_VERSION + int(os.environ.get("FAKE_VERSION_PLUS", "0"))
    idle = {"count": 0}
    Worker(
        source,
        sink,
        JOBS,
        explain,
        on_idle=lambda: print("idle: memory given back", file=sys.stderr, flush=True),
        idle_s=float(os.environ.get("FAKE_IDLE_S", "0")),
    ).run(Hello(version, "0", os.getpid(), "3"))
