"""What a person is told beside the polygons."""

from __future__ import annotations

import numpy as np

from referent.core_model.segmenter import Segmentation
from referent.engine.ask import ask

RED, GROUND = (200, 40, 40), (90, 110, 80)


def _picture(*columns):
    picture = np.empty((3, 100, 100), np.uint8)
    picture[:] = np.array(GROUND, np.uint8)[:, None, None]
    for column, side in columns:
        picture[:, 40 : 40 + side, column : column + side] = np.array(RED, np.uint8)[:, None, None]
    return picture


def test_silence_of_the_network_on_the_whole_expression_is_not_told(make_raster, segmenter):
    model = segmenter()
    whole = model.segment

    def deaf_to_sentences(features, expressions, within=None):
        answer = whole(features, expressions, within)
        logits = answer.logits.copy()
        for index, text in enumerate(expressions):
            if "largest" in text:
                logits[:, index] = -8
        return Segmentation(logits, answer.outlines)

    model.segment = deaf_to_sentences
    answer = ask(make_raster("a.tif", _picture((10, 12), (60, 20))), "the largest red roof", model=model)
    assert len(answer.frame) == 1
    assert answer.frame["area_m2"].iloc[0] > 80
    assert answer.frame.attrs["warnings"] == []


def test_missing_object_is_told_once(make_raster, segmenter):
    answer = ask(make_raster("a.tif", _picture((10, 12))), "blue roof", model=segmenter())
    told = [text for text in answer.frame.attrs["warnings"] if "found" in text]
    assert len(told) == 1
    assert "best score" in told[0]
