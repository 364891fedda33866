"""The sentences for a failure, in the person's language."""

from __future__ import annotations

from ..engine.protocol import Code, Failure
from .i18n import tr


def title(code: str) -> str:
    """Return two or three words for a failure code, for the head of a message."""
    titles = {
        Code.EXPRESSION: tr("Expression"),
        Code.RASTER: tr("Raster"),
        Code.LAYER: tr("Layer"),
        Code.OPTIONS: tr("Options"),
        Code.OUTPUT: tr("Output"),
        Code.MODEL: tr("Model"),
        Code.DEVICE: tr("Device"),
        Code.MEMORY: tr("Memory"),
        Code.CANCELLED: tr("Cancelled"),
    }
    return titles.get(code, tr("Engine"))


def sentence(failure: Failure) -> str:
    """Return what went wrong and what to do.

    The engine's own sentences name values and are passed on; those about the engine itself are written here.
    """
    own = {
        Code.ENGINE_MISSING: tr(
            "There is no engine yet: press “Prepare engine” in the Referent panel, or choose a Python that has it "
            "under Settings, Options, Referent."
        ),
        Code.ENGINE_HUNG: tr("The engine stopped answering and was ended; ask again to start it anew."),
        Code.ENGINE_VERSION: tr(
            "The engine belongs to another version of the plugin: restart QGIS, or press “Repair” under Settings, "
            "Options, Referent."
        ),
        Code.CANCELLED: tr("Cancelled; nothing was changed."),
    }
    return own.get(failure.code, failure.message)


def stage(name: str) -> str:
    """Return the words for a stage of a job, the engine's own word where none is known."""
    stages = {
        "load": tr("Loading the model"),
        "encode": tr("Looking at the picture"),
        "segment": tr("Finding"),
        "polygonize": tr("Drawing outlines"),
        "resolve": tr("Reading relations"),
        "write": tr("Writing"),
        "find": tr("Finding objects"),
        "outline": tr("Drawing outlines"),
        "read": tr("Reading the labels"),
        "train": tr("Training"),
        "warmup": tr("Training on expressions"),
        "bank": tr("Training the reference bank"),
        "student": tr("Training on expressions and class names"),
        "evaluate": tr("Evaluating"),
    }
    return stages.get(name, name)


def unit(name: str) -> str:
    """Return the word for what is counted."""
    units = {
        "tiles": tr("tiles"),
        "windows": tr("windows"),
        "objects": tr("objects"),
        "files": tr("files"),
        "rows": tr("rows"),
        "regions": tr("regions"),
        "chips": tr("chips"),
        "steps": tr("steps"),
        "models": tr("models"),
    }
    return units.get(name, name)


def sentence_for(code: str) -> str:
    """Return the sentence for a failure that the plugin itself finds."""
    return sentence(Failure(None, code, ""))
