"""The algorithms as the toolbox, scripts and models run them."""

import os
import threading
import time

import pytest
from qgis import processing
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRasterLayer,
    QgsVectorLayer,
)

MODEL = os.environ["REFERENT_TEST_MODEL"]
SCENE = os.environ["REFERENT_TEST_SCENE"]


@pytest.fixture(autouse=True)
def _processing(plugin, qgis_processing):
    return plugin


def test_query_writes_a_layer_with_attributes(out):
    result = processing.run(
        "referent:query",
        {"INPUT": SCENE, "EXPRESSION": "storage tank", "MODEL": MODEL, "OUTPUT": str(out / "found.gpkg")},
    )
    layer = QgsVectorLayer(result["OUTPUT"], "found", "ogr")
    assert layer.featureCount() == result["COUNT"] > 0
    assert [field.name() for field in layer.fields()][1:] == [
        "expression",
        "class",
        "score",
        "area_m2",
        "model",
        "raster",
    ]
    scores = [feature["score"] for feature in layer.getFeatures()]
    assert 0 < min(scores) <= max(scores) <= 1
    assert result["BEST_SCORE"] == pytest.approx(max(scores), abs=0.01)
    assert {feature["model"] for feature in layer.getFeatures()} == {"speckled"}


def test_query_writes_a_raster_of_scores(out):
    values = {"INPUT": SCENE, "EXPRESSION": "storage tank", "MODEL": MODEL, "OUTPUT": str(out / "found.gpkg")}
    result = processing.run("referent:query", {**values, "SCORES": str(out / "scores.tif")})
    scores, raster = QgsRasterLayer(result["SCORES"], "scores"), QgsRasterLayer(SCENE, "scene")
    assert scores.isValid()
    assert scores.crs() == raster.crs()
    assert scores.extent() == raster.extent()
    statistics = scores.dataProvider().bandStatistics(1)
    assert 0 <= statistics.minimumValue < result["BEST_SCORE"] <= statistics.maximumValue <= 1
    assert processing.run("referent:query", values).get("SCORES") is None


def test_query_in_an_extent_and_a_mask(out, add_raster):
    raster = add_raster()
    box = raster.extent()
    middle = box.center()
    extent = f"{box.xMinimum()},{middle.x()},{middle.y()},{box.yMaximum()} [{raster.crs().authid()}]"
    result = processing.run(
        "referent:query",
        {
            "INPUT": raster,
            "EXPRESSION": "storage tank",
            "EXTENT": extent,
            "MODEL": MODEL,
            "OUTPUT": "TEMPORARY_OUTPUT",
        },
    )
    found = result["OUTPUT"].extent()
    assert found.xMaximum() <= middle.x() + 0.5
    assert found.yMinimum() >= middle.y() - 0.5


def test_stricter_options_leave_less():
    def count(**options):
        values = {"INPUT": SCENE, "EXPRESSION": "storage tank", "MODEL": MODEL, "OUTPUT": "TEMPORARY_OUTPUT"}
        return processing.run("referent:query", {**values, **options})["COUNT"]

    plain = count(THRESHOLD=0.5)
    assert 0 < count(THRESHOLD=0.5, MIN_AREA=5.0) < plain


def test_querybatch_asks_everything_everywhere(add_raster):
    rasters = [add_raster(), add_raster()]
    result = processing.run(
        "referent:querybatch",
        {
            "LAYERS": rasters,
            "EXPRESSIONS": "storage tank\n\n airplane ",
            "MODEL": MODEL,
            "OUTPUT": "TEMPORARY_OUTPUT",
        },
    )
    features = list(result["OUTPUT"].getFeatures())
    assert {feature["expression"] for feature in features} == {"storage tank", "airplane"}
    assert len(features) == result["COUNT"]
    counts = dict(line.split("\t") for line in result["COUNTS"].splitlines())
    assert sum(map(int, counts.values())) == result["COUNT"]


def test_modelinfo():
    result = processing.run("referent:modelinfo", {"MODEL": MODEL})
    assert result["NAME"] == "speckled"
    assert result["GSD"] == 0.3
    assert result["CLASSES"] == "storage tank, airplane, tennis court"
    assert "tiny" in result["CARD"]


LABELS = os.environ["REFERENT_TEST_LABELS"] + "|layername=things"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"CLASS_FIELD": "nothing"}, "nothing"),
        ({"MODEL": "/nonexistent"}, "There is no model"),
        ({"BANDS": "x"}, "Bands are one number or three"),
        ({"OUTPUT": "/proc/run"}, "cannot be written"),
    ],
)
def test_bad_training_is_one_sentence(out, values, words):
    good = {"RASTERS": [SCENE], "LABELS": LABELS, "MODEL": MODEL, "STEPS": 2, "OUTPUT": str(out / "run")}
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("referent:train", {**good, **values}, feedback=feedback)
    assert words.lower() in (str(caught.value) + feedback.textLog()).lower()


def test_training_is_cancelled_within_a_second(out):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("referent:train")
    feedback, context = QgsProcessingFeedback(), QgsProcessingContext()
    stamps = {}

    def cancel_when_running():
        while "1/400" not in feedback.textLog() and "10/400" not in feedback.textLog():
            time.sleep(0.02)
        stamps["cancel"] = time.monotonic()
        feedback.cancel()

    threading.Thread(target=cancel_when_running, daemon=True).start()
    values = {"RASTERS": [SCENE], "LABELS": LABELS, "MODEL": MODEL, "STEPS": 400, "OUTPUT": str(out / "run")}
    _, succeeded = algorithm.run(values, context, feedback)
    assert not succeeded
    assert time.monotonic() - stamps["cancel"] < 1.5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"EXPRESSION": " "}, "expression is empty"),
        ({"BANDS": "1,2"}, "Bands are one number or three"),
        ({"MODEL": "/nonexistent"}, "There is no model"),
        ({"EXTENT": "0,1,0,1 [EPSG:4326]"}, "does not lie in the area"),
        ({"BANDS": "7,8,9"}, "band"),
    ],
)
def test_bad_values_are_one_sentence(values, words):
    good = {"INPUT": SCENE, "EXPRESSION": "storage tank", "MODEL": MODEL, "OUTPUT": "TEMPORARY_OUTPUT"}
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("referent:query", {**good, **values}, feedback=feedback)
    assert words.lower() in (str(caught.value) + feedback.textLog()).lower()


def test_cancel_is_over_within_a_second():
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("referent:query")
    feedback, context = QgsProcessingFeedback(), QgsProcessingContext()
    stamps = {}

    def cancel_when_running():
        while feedback.progress() <= 0:
            time.sleep(0.02)
        stamps["cancel"] = time.monotonic()
        feedback.cancel()

    threading.Thread(target=cancel_when_running, daemon=True).start()
    values = {
        "INPUT": os.environ["REFERENT_TEST_LARGE"],
        "EXPRESSION": "storage tank",
        "MODEL": MODEL,
        "OUTPUT": "memory:",
    }
    _, succeeded = algorithm.run(values, context, feedback)
    assert not succeeded
    assert time.monotonic() - stamps["cancel"] < 1.0


def test_query_works_inside_a_model(out):
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
        QgsProcessingModelOutput,
        QgsProcessingModelParameter,
        QgsProcessingParameterRasterLayer,
    )

    model = QgsProcessingModelAlgorithm("ask", "tests")
    parameter = QgsProcessingParameterRasterLayer("raster", "Raster")
    model.addModelParameter(parameter, QgsProcessingModelParameter("raster"))
    child = QgsProcessingModelChildAlgorithm("referent:query")
    child.setChildId("ask")
    source = QgsProcessingModelChildParameterSource
    child.addParameterSources("INPUT", [source.fromModelParameter("raster")])
    child.addParameterSources("EXPRESSION", [source.fromStaticValue("storage tank")])
    child.addParameterSources("MODEL", [source.fromStaticValue(MODEL)])
    output = QgsProcessingModelOutput("found")
    output.setChildId("ask")
    output.setChildOutputName("OUTPUT")
    child.setModelOutputs({"found": output})
    model.addChildAlgorithm(child)
    path = str(out / "found.gpkg")
    _, succeeded = model.run({"raster": SCENE, "ask:found": path}, QgsProcessingContext(), QgsProcessingFeedback())
    assert succeeded
    assert QgsVectorLayer(path, "found", "ogr").featureCount() > 0
