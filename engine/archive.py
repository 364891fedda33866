"""Ask many rasters: each on a worker of a Dask cluster, what fails listed with its reason, the rest merged.

Words of meaning hold per raster ("the largest tank" is the largest of each) or, with ``over="all"``, over everything
that was asked. An object that lies on two overlapping rasters is found twice.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..core_model.segmenter import ModelSpec
from ..geo_io.errors import GeoIOError, RasterError
from ..geo_io.frame import Frame
from ..geo_io.layer import parse_crs
from ..geo_io.raster import Raster
from .answer import Answer, as_read
from .archive_input import Source
from .archive_task import ArchiveQuestion, Part, RasterFailedError, ask_one
from .ask import decide_found
from .cluster import ClusterOptions, connect
from .errors import Cancelled, EngineError
from .expressions import check_known, check_texts
from .progress import Progress, ProgressSink
from .unfinished import Line, Unfinished
from .weighing import weighing_of

RETRIES = 1
"""A raster that fails is asked once more: network drives hiccup."""


@dataclass(frozen=True)
class ArchiveAnswer:
    """What was found in all rasters."""

    answer: Answer
    failed: Mapping[str, str]
    """Label of each raster that could not be asked -> the reason."""


class ArchiveJournal(Unfinished):
    """Answers of the rasters that are through."""

    _total = 0
    _parts: dict[str, Part]

    @property
    def share_done(self) -> float:
        """Return the share of rasters that are through, in [0, 1]."""
        return len(self._parts) / self._total if self._total else 0.0

    @property
    def part_note(self) -> str:
        """Return what a partial answer covers."""
        return f"{len(self._parts)} of {self._total} rasters"

    def begin(self, asked: Mapping[str, object], total: int) -> dict[str, Part]:
        """Lock the folder and return the answers that are there, by key of the raster.

        Raises:
            OptionsError: a former run asked something else.
            OutputError: another run is at it, or the folder cannot be written.
        """
        self._total, self._parts = total, {}
        try:
            for line in self.open({"format": "referent-archive/1", **asked}):
                part = self._read(line)
                if part is not None:
                    self._parts[line["raster"]] = part
        except OSError as error:
            raise self.unusable(error) from error
        if self._parts:
            self.say(f"Going on where an earlier run stopped: {self.part_note} are done.")
        return dict(self._parts)

    def add(self, key: str, part: Part) -> None:
        """Keep the answer of a raster.

        Raises:
            OutputError: the disk is full; earlier answers still hold.
        """
        name = f"{zlib.crc32(key.encode()):08x}.parquet"
        try:
            checksum = self.write(name, part.content)
            line = {"raster": key, "file": name, "checksum": checksum}
            self.append(line | {"facts": part.facts, "explanations": part.explanations})
        except OSError as error:
            raise self.unusable(error) from error
        self._parts[key] = part

    def _read(self, line: Line) -> Part | None:
        try:
            content = (self.folder / str(line["file"])).read_bytes()
        except OSError:
            return None
        if zlib.crc32(content) != line["checksum"]:
            return None
        return Part(content, line["facts"], line["explanations"])


@dataclass(frozen=True)
class _Known:
    """What is known of a raster before it is asked."""

    source: Source
    key: str
    crs: pyproj.CRS | None
    footprint: shapely.Polygon


def ask_archive(
    sources: Sequence[Source],
    question: ArchiveQuestion,
    *,
    cluster: ClusterOptions,
    journal: ArchiveJournal | None = None,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> ArchiveAnswer:
    """Return the polygons of all rasters that expressions refer to, in one frame and one CRS.

    Args:
        sources: the rasters.
        question: what each is asked; the answer's CRS is ``options.crs``, else that of the first raster.
        cluster: where to compute.
        journal: keeps the answers of rasters that are through; the caller removes it after success.
        progress: told after each raster.
        is_cancelled: asked after each raster.

    Raises:
        ExpressionError, CheckpointError, OutputError: as for one raster, before any work.
        EngineError: no raster could be asked, or there are no workers.
        Cancelled: the person cancelled; the journal keeps what is done.
    """
    from ..core_model.checkpoint import find_model, read_spec

    spec = read_spec(find_model(question.model))
    check_texts(question.expressions, spec.max_words)
    check_known(question.expressions, spec.classes, question.options.allow_unknown)
    known, failed = _look(sources, question.options.allow_no_crs)
    crs, warnings = _common_crs(known, question)
    question = replace(question, options=replace(question.options, crs=crs, region=None))
    parts = {} if journal is None else journal.begin(question.facts(spec.weights_hash), len(sources))
    parts = {item.key: parts[item.key] for item in known if item.key in parts}
    waiting = [item for item in known if item.key not in parts]
    if journal is not None and journal.only_finished:
        waiting = []

    def report() -> None:
        if progress is not None:
            progress(Progress("ask", len(parts) + len(failed), len(sources), "rasters"))
        if is_cancelled is not None and is_cancelled():
            raise Cancelled("The question was cancelled; no output was written.")

    report()
    if waiting:
        with connect(cluster, len(waiting), question.options.device) as client:
            for item, result in _iter_results(client, waiting, question):
                if isinstance(result, Part):
                    parts[item.key] = result
                    if journal is not None:
                        journal.add(item.key, result)
                else:
                    failed[item.source.label] = result
                report()
    if not parts:
        raise EngineError(f"None of the {len(sources)} rasters could be asked: {list_failures(failed)}")
    done = [item for item in known if item.key in parts]
    frames = [_labelled(parts[item.key].frame(), item.source.label) for item in done]
    found = _merged(frames, question.expressions, crs)
    found.attrs = _facts(frames, done, failed, warnings, question)
    if question.over == "all":
        return ArchiveAnswer(_resolved(found, done, question, spec), failed)
    explanations = _explanations([(item.source.label, parts[item.key].explanations) for item in done])
    # Which anchors counted is said in the columns and explanations; their shapes stay with the workers.
    return ArchiveAnswer(replace(as_read(found), frame=found, explanations=explanations), failed)


def list_failures(failed: Mapping[str, str], limit: int = 20) -> str:
    """Return rasters and reasons as one text."""
    lines = [f"{label} ({reason.rstrip('.')})" for label, reason in list(failed.items())[:limit]]
    more = f"; and {len(failed) - limit} more" if len(failed) > limit else ""
    return "; ".join(lines) + more + "."


def _look(sources: Sequence[Source], allow_no_crs: bool) -> tuple[list[_Known], dict[str, str]]:
    """Open every raster's header: what is broken is known in the first second."""
    known, failed = [], {}
    for source in sources:
        try:
            with Raster.open(source.path, allow_no_crs=allow_no_crs) as raster:
                key = f"{raster.fingerprint} {source.path.resolve()}"
                known.append(_Known(source, key, raster.grid.crs, raster.grid.footprint))
        except GeoIOError as error:
            failed[source.label] = str(error)
    return known, failed


def _common_crs(known: Sequence[_Known], question: ArchiveQuestion) -> tuple[pyproj.CRS | None, list[str]]:
    if question.options.crs is not None:
        return parse_crs(question.options.crs), []
    found = {None if item.crs is None else item.crs.to_wkt(): item.crs for item in known}
    if len(found) <= 1:
        return next(iter(found.values()), None), []
    if None in found:
        raise RasterError("Some of the rasters have a CRS and some have none: ask them apart, or set the missing CRS.")
    first = known[0].crs
    name = "" if first is None else first.name
    return first, [f"The rasters are in {len(found)} CRSs; the answer is in that of the first, {name}."]


def _iter_results(
    client: Any, waiting: Sequence[_Known], question: ArchiveQuestion
) -> Iterable[tuple[_Known, Part | str]]:
    """Yield the answer of each raster, or the reason why there is none, as they come."""
    from distributed import as_completed

    futures = {
        client.submit(ask_one, str(item.source.path.resolve()), question, retries=RETRIES, pure=False): item
        for item in waiting
    }
    try:
        for future in as_completed(list(futures)):
            item = futures.pop(future)
            try:
                yield item, future.result()
            except RasterFailedError as error:
                yield item, str(error)
            except Exception as error:  # whatever ends one raster, the others go on
                yield item, _reason(error)
    finally:
        client.cancel(list(futures), force=True)


def _reason(error: Exception) -> str:
    if type(error).__name__ == "KilledWorker":
        return (
            "every worker that took it died, most likely for want of memory: ask it alone, with a smaller --batch-size"
        )
    return f"{type(error).__name__}: {error}"


def _labelled(frame: gpd.GeoDataFrame, label: str) -> gpd.GeoDataFrame:
    attrs = frame.attrs
    frame = frame.assign(raster=np.full(len(frame), label, dtype=object))
    frame.attrs = attrs
    return frame


def _merged(frames: Sequence[gpd.GeoDataFrame], texts: Sequence[str], crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    names = [name for name in filled[0].columns if name != filled[0].geometry.name]
    table = pd.DataFrame({name: np.concatenate([frame[name].to_numpy() for frame in filled]) for name in names})
    shapes = np.concatenate([np.asarray(frame.geometry) for frame in filled])
    order = {text: index for index, text in enumerate(texts)}
    rank = np.argsort([order.get(text, 0) for text in table["expression"]], kind="stable")
    table = table.iloc[rank].reset_index(drop=True)
    table["fid"] = np.arange(1, len(table) + 1, dtype=np.int64)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes[rank], crs=crs), crs=crs)


def _facts(
    frames: Sequence[gpd.GeoDataFrame],
    done: Sequence[_Known],
    failed: Mapping[str, str],
    warnings: Sequence[str],
    question: ArchiveQuestion,
) -> dict[str, object]:
    best: dict[str, float] = {}
    said = list(warnings)
    rasters = []
    for frame, item in zip(frames, done, strict=True):
        facts = frame.attrs
        rasters.append({**facts["raster"], "name": item.source.label})
        for text, score in facts["best_scores"].items():
            best[text] = max(score, best.get(text, 0.0))
        for text in facts["warnings"]:
            # That one raster of many holds nothing is no news.
            if not re.match(r"Nothing found|No '.*' was found", text) and text not in said:
                said.append(text)
    empty = set(question.expressions) - {text for frame in frames for text in frame["expression"]}
    said += [f"Nothing found for '{text}' in any raster." for text in question.expressions if text in empty]
    model = next((frame.attrs["model"] for frame in frames if "model" in frame.attrs), {"name": question.model})
    return {
        "model": model,
        "raster": {"name": f"{len(frames)} rasters"},
        "rasters": rasters,
        "failed": dict(failed),
        "options": question.options.to_dict(),
        "reading": question.reading,
        "over": question.over,
        "warnings": said,
        "best_scores": best,
    }


def _resolved(found: gpd.GeoDataFrame, done: Sequence[_Known], question: ArchiveQuestion, spec: ModelSpec) -> Answer:
    """Decide words of meaning over all that was found."""
    outlines = [gpd.GeoSeries([item.footprint], crs=item.crs) for item in done]
    if found.crs is not None:
        outlines = [outline.to_crs(found.crs) for outline in outlines]
    edges = np.asarray([outline.total_bounds for outline in outlines])
    bounds = (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))
    owners = dict(zip(shapely.to_wkb(np.asarray(found.geometry)), found["raster"], strict=True))
    understood = question.understood(spec, Frame.from_bounds(bounds, found.crs))
    weighing, threshold = weighing_of(spec.name), question.options.threshold
    answer = decide_found(understood, found, weighing, question.anchor_missing, threshold, "plan")
    attrs = answer.frame.attrs
    frame = answer.frame.assign(
        raster=np.asarray([owners[shape] for shape in shapely.to_wkb(np.asarray(answer.frame.geometry))], dtype=object)
    )
    frame.attrs = attrs
    return replace(answer, frame=frame)


def _explanations(parts: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    texts = dict.fromkeys(text for _, own in parts for text in own)
    return {text: "\n\n".join(f"{label}\n{own[text]}" for label, own in parts if text in own) for text in texts}
