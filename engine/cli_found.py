"""What was found, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas


def summarise(frame: geopandas.GeoDataFrame, text: str) -> dict[str, Any]:
    """Return what was found for an expression."""
    rows = frame[frame["expression"] == text]
    facts: dict[str, Any] = {"expression": text, "count": len(rows)}
    if len(rows):
        facts |= {
            "area_m2": round(float(rows["area_m2"].sum()), 2),
            "lowest_score": round(float(rows["score"].min()), 3),
            "highest_score": round(float(rows["score"].max()), 3),
        }
    return facts


def in_words(item: dict[str, Any], unit: str = "m²") -> str:
    """Return what was found as a person says it."""
    if item["count"] == 0:
        return "nothing found"
    scores = f"{item['lowest_score']:.2f} to {item['highest_score']:.2f}"
    return f"{item['count']} found, {item['area_m2']:,.0f} {unit} in all, scores {scores}"
