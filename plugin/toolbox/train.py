"""``referent:train``: a model that knows the classes and expressions of labelled layers."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ..i18n import tr
from . import parameters
from .labelled import LabelledAlgorithm

METHODS = ["product", "accurate-only", "naive-wrel", "lrb-wrel"]


class TrainAlgorithm(LabelledAlgorithm):
    """Goes on training a model on labelled polygons."""

    def name(self):
        """Return the stable name."""
        return "train"

    def displayName(self):
        """Return the name that people see."""
        return tr("Train a model")

    def shortDescription(self):
        """Return one line."""
        return tr("A model that answers to the classes and expressions of labelled polygons.")

    def shortHelpString(self):
        """Return the help beside the parameters."""
        return tr(
            "<p>Goes on training a model on polygons whose field says what they are. Some of them may have an "
            "expression that means this one object (“the largest tank beside the road”).</p>"
            "<p>The ground is split by place: what is kept for validation is never trained on, and the best model on "
            "it is kept. A training that was stopped goes on when the same is started again.</p>"
            "<p><b>Dry run</b>: only say what would be trained on. <b>Contact sheet</b>: a picture of some of it.</p>"
            "<p>The model is in the folder “model” inside <b>Run</b>.</p>"
        )

    def tags(self):
        """Return words for the search."""
        return tr("training,fine-tuning,deep learning,labels,annotation,classes,expressions").split(",")

    def initAlgorithm(self, configuration=None):
        """Declare parameters and outputs."""
        number = QgsProcessingParameterNumber
        whole, double = number.Type.Integer, number.Type.Double
        self.add_sources()
        self.addParameter(QgsProcessingParameterString("MODEL", tr("Start from (name or folder)"), "small"))
        self.addParameter(number("STEPS", tr("Steps (empty: by the amount of data)"), whole, None, True, 1))
        self.addParameter(QgsProcessingParameterBoolean("DRY_RUN", tr("Dry run"), False))
        for parameter in (
            number("VALIDATION", tr("Share of the objects kept for validation"), double, 0.2, False, 0.0, 0.5),
            QgsProcessingParameterEnum(
                "METHOD", tr("Method"), METHODS, False, METHODS[0], False, usesStaticStrings=True
            ),
            number("BATCH_SIZE", tr("Views per step"), whole, 4, False, 1),
            number("SEED", tr("Seed"), whole, 0, False, 0),
            QgsProcessingParameterBoolean("OVERWRITE", tr("Start anew where the folder holds another run"), False),
        ):
            self.addParameter(parameters.advanced(parameter))
        self.add_device()
        self.addParameter(
            QgsProcessingParameterFileDestination(
                "CONTACT_SHEET", tr("Contact sheet"), "PNG (*.png)", optional=True, createByDefault=False
            )
        )
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", tr("Run")))
        self.addOutput(QgsProcessingOutputString("TRAINED", tr("Folder of the model")))
        self.addOutput(QgsProcessingOutputString("CLASSES", tr("Classes")))
        self.addOutput(QgsProcessingOutputNumber("BEST_STEP", tr("Step whose weights were kept")))
        self.addOutput(QgsProcessingOutputNumber("WRITTEN_MIOU", tr("Mean IoU of written expressions")))
        self.addOutput(QgsProcessingOutputNumber("CLASS_IOU", tr("Mean IoU of all of a class")))

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Describe, and train unless it is a dry run."""
        out = self.parameterAsString(values, "OUTPUT", context)
        steps = self.parameterAsInt(values, "STEPS", context) if values.get("STEPS") is not None else None
        params = {
            **self.source_params(values, context, feedback),
            "out": out,
            "start": self.parameterAsString(values, "MODEL", context),
            "method": self.parameterAsEnumString(values, "METHOD", context),
            "steps": steps,
            "batch_size": self.parameterAsInt(values, "BATCH_SIZE", context),
            "validation_share": self.parameterAsDouble(values, "VALIDATION", context),
            "seed": self.parameterAsInt(values, "SEED", context),
            "overwrite": self.parameterAsBoolean(values, "OVERWRITE", context),
        }
        dry = self.parameterAsBoolean(values, "DRY_RUN", context)
        wanted = values.get("CONTACT_SHEET")
        sheet = self.parameterAsFileOutput(values, "CONTACT_SHEET", context) if wanted else None
        results = {"OUTPUT": out, "CONTACT_SHEET": sheet}
        if dry or sheet:
            self._describe(params, sheet, feedback)
        if dry:
            return results
        value = self.run_job("train", params, feedback, (5 if sheet else 0, 100))
        for text in value["warnings"]:
            feedback.pushWarning(text)
        feedback.pushInfo(tr("The model is in {folder}.").replace("{folder}", value["folder"]))
        return {
            **results,
            "TRAINED": value["folder"],
            "CLASSES": ", ".join(value["classes"]),
            "BEST_STEP": value["best_step"],
            "WRITTEN_MIOU": value["after"].get("written_miou"),
            "CLASS_IOU": value["after"].get("class_iou"),
        }

    def _describe(self, params: dict[str, Any], sheet: str | None, feedback: QgsProcessingFeedback) -> None:
        value = self.run_job("describe_training", {**params, "contact_sheet": sheet}, feedback, (0, 5))
        for text in (*value["warnings"], *value["notes"]):
            feedback.pushWarning(text)
        line = tr("{name}: {objects} objects, {described} of them described")
        for item in value["classes"]:
            text = line.replace("{name}", item["name"]).replace("{objects}", str(item["objects"]))
            feedback.pushInfo(text.replace("{described}", str(item["with_expression"])))
        chips = tr("{training} chips to learn from, {validation} to choose by; {steps} steps")
        for name, number in (
            ("training", value["chips"]["training"]),
            ("validation", value["chips"]["validation"]),
            ("steps", value["steps"]),
        ):
            chips = chips.replace("{" + name + "}", str(number))
        feedback.pushInfo(chips)
