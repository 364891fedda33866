"""The figures that a model is judged by, in words."""

from __future__ import annotations

from .i18n import tr


def figure_words() -> dict[str, str]:
    """Return the words for the figures that a model is judged by."""
    return {
        "written_miou": tr("Written expressions, mean IoU"),
        "written_pr50": tr("Written expressions, share with IoU of 0.5 and more"),
        "group_miou": tr("Expressions of groups, mean IoU"),
        "class_iou": tr("All of a class, mean IoU"),
        "absent_false_alarm": tr("False alarms where there is nothing"),
    }
