"""``referent:evaluate``: how often a model is right on labelled layers."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
)

from ..figures import figure_words
from ..i18n import tr
from .labelled import LabelledAlgorithm

TEXTS = ["expression", "class-name"]


class EvaluateAlgorithm(LabelledAlgorithm):
    """Measures a model on labelled polygons."""

    def name(self):
        """Return the stable name."""
        return "evaluate"

    def displayName(self):
        """Return the name that people see."""
        return tr("Evaluate a model")

    def shortDescription(self):
        """Return one line."""
        return tr("How well a model answers where the truth is drawn, with a report of tables and examples.")

    def shortHelpString(self):
        """Return the help beside the parameters."""
        return tr(
            "<p>Asks a model about labelled polygons and measures how much of the answers is right: for written "
            "expressions of single objects and of groups, for all instances of a class, and for what is not there.</p>"
            "<p><b>Report</b>: a page with intervals, tables per class and per kind of expression, and the best and "
            "worst examples as pictures.</p>"
        )

    def tags(self):
        """Return words for the search."""
        return tr("accuracy,validation,iou,metrics,report,labels").split(",")

    def initAlgorithm(self, configuration=None):
        """Declare parameters and outputs."""
        self.add_sources()
        self.addParameter(QgsProcessingParameterString("MODEL", tr("Model (name or folder)"), "small"))
        self.addParameter(
            QgsProcessingParameterEnum(
                "TEXT", tr("What is asked"), TEXTS, False, TEXTS[0], False, usesStaticStrings=True
            )
        )
        self.add_device()
        self.addParameter(QgsProcessingParameterFileDestination("REPORT", tr("Report"), "HTML (*.html)", optional=True))
        for name, text in figure_words().items():
            self.addOutput(QgsProcessingOutputNumber(name.upper(), text))

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the worker."""
        wanted = values.get("REPORT")
        report = self.parameterAsFileOutput(values, "REPORT", context) if wanted else None
        params = {
            **self.source_params(values, context, feedback),
            "model": self.parameterAsString(values, "MODEL", context),
            "text_mode": self.parameterAsEnumString(values, "TEXT", context),
            "report": report,
        }
        value = self.run_job("evaluate", params, feedback)
        for text in value["warnings"]:
            feedback.pushWarning(text)
        results = {"REPORT": report}
        for name, text in figure_words().items():
            number = value["headline"].get(name)
            results[name.upper()] = number
            if number is not None:
                feedback.pushInfo(f"{text}: {number:.3f}")
        return results
