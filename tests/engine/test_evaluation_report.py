"""Figures of an evaluation that has no questions of some kind."""

from __future__ import annotations

import json
import math

from referent.engine.evaluate import EvaluationReport
from referent.engine.plain import plain


def test_what_was_not_asked_is_a_dash_for_people_and_null_for_programs():
    row = {"count": 0, "miou": math.nan, "oiou": 0.5, "pr50": math.nan, "pr70": 0.0, "pr90": 0.0}
    report = EvaluationReport("small", "town", "expression", {"written_miou": math.nan}, {"single": row}, {}, {})
    text = report.to_text()
    assert "nan" not in text
    assert "0.500" in text
    values = json.loads(json.dumps(plain(report.to_dict()), allow_nan=False))
    assert values["headline"]["written_miou"] is None
    assert values["groups"]["single"]["oiou"] == 0.5
