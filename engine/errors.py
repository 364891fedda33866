"""Errors of jobs, and the exit codes that the command line gives them."""

from __future__ import annotations


class EngineError(Exception):
    """Base of the errors of ``engine``; the message is one sentence for the person."""


class OptionsError(EngineError):
    """The options of a job contradict each other or are out of range."""


class Cancelled(EngineError):  # noqa: N818 - an answer to the person, not a fault
    """The person cancelled the job."""
