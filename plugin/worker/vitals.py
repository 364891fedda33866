"""Whether a silent process computes or hangs, from what the system counts for it."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import NamedTuple

BUSY_SHARE = 0.05
"""Threads that only wait for Python's lock wake up often and use below one hundredth of a core."""


class Vitals(NamedTuple):
    """One look at a process."""

    processor_s: float | None
    """Processor time used so far, in seconds; None where it cannot be told."""
    is_active: bool
    """Computing, or waiting on a disk, at this very moment."""


def look(pid: int) -> Vitals:
    """Return the vitals of a process."""
    if sys.platform.startswith("linux"):
        return _linux(pid)
    if sys.platform == "win32":
        return _windows(pid)
    return Vitals(None, False)


def is_computing(before: Vitals, now: Vitals, elapsed_s: float) -> bool:
    """Return whether a process computed between two looks; True in doubt."""
    if now.is_active or before.processor_s is None or now.processor_s is None:
        return True
    return now.processor_s - before.processor_s > BUSY_SHARE * elapsed_s


def _linux(pid: int) -> Vitals:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return Vitals(None, False)
    values = text.rpartition(")")[2].split()  # the name in brackets may hold spaces
    seconds = (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")
    return Vitals(seconds, values[0] in "RD")


def _windows(pid: int) -> Vitals:
    kernel32 = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return Vitals(None, False)
    times = [ctypes.c_ulonglong() for _ in range(4)]
    done = kernel32.GetProcessTimes(handle, *(ctypes.byref(value) for value in times))
    kernel32.CloseHandle(handle)
    return Vitals((times[2].value + times[3].value) / 1e7 if done else None, False)
