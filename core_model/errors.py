"""Every error that the model core raises on purpose.

Each message is one sentence for the person: what is wrong, the value, and what to do next.
"""

from __future__ import annotations


class ModelError(Exception):
    """Base of the errors of ``core_model``."""


class CheckpointError(ModelError):
    """A checkpoint folder is missing, damaged or does not fit its configuration."""


class ExpressionError(ModelError):
    """An expression cannot be used: empty, too long, contradictory."""


class DeviceError(ModelError):
    """The asked device is not there or cannot compute."""


class TrainingError(ModelError):
    """Training cannot start or go on: no samples, a loss that is not finite, a damaged run."""


class DataError(ModelError):
    """A data set cannot be read as what it claims to be."""


class TrainingStopped(ModelError):  # noqa: N818 - an answer to the person, not a fault
    """The person stopped a training; it can go on."""
