"""The protocol between QGIS and the worker: this docstring is its specification.

Two programs speak it: the *client* (the plugin, inside QGIS) and the *worker* (``engine/run_worker.py``, in a Python of
its own). The client starts the worker and talks to it over the worker's standard input and output; nothing listens on
a port. Paths, bounds and numbers travel, never pixels.

**Framing.** One JSON object per line, UTF-8, ended by a line feed, at most ``MAX_LINE_BYTES`` long, flushed at once.
Every object has a ``kind``. A line that is no such object is a :class:`ProtocolError`: the worker answers it with a
``failure`` without id and goes on; the client writes it to its log and goes on.

**Start.** The worker moves its standard output aside before anything else is imported, so that what libraries print
goes to standard error. When its imports are done it sends ``hello``; before that the client sends nothing but may end
the process. A client that reads another ``protocol`` number than its own ends the worker.

**Client to worker**

=============  =====================================================================================================
``request``    ``id`` (whole number, not used before), ``method`` (below), ``params`` (object)
``cancel``     ``id`` of a request; unknown or finished ids are ignored
``ping``       ``seq``; answered by ``pong`` with the same ``seq``, also while a request is computed
``shutdown``   the worker cancels what runs and exits; the end of its input means the same
=============  =====================================================================================================

**Worker to client**

=============  =====================================================================================================
``hello``      ``protocol``, ``version`` (of the package), ``pid``, ``python``
``progress``   ``id``, ``stage``, ``done``, ``total`` (0 when not known), ``unit``; at most ten a second
``metrics``    ``id``, ``step``, ``total`` (steps planned), ``values`` (name to number): losses are ``loss`` and
               ``loss_...``, everything else was measured on validation chips
``log``        ``level`` (``info`` or ``warning``), ``text``, ``id`` or null
``result``     ``id``, ``value`` (object): the request is done
``failure``    ``id`` (null if no request is meant), ``code`` (below), ``message`` (one sentence: what is wrong, which
               value, what to do next), ``detail`` (for the log, may be empty): the request is over
``pong``       ``seq``
=============  =====================================================================================================

Requests are computed one after the other in the order of arrival. Each request gets exactly one ``result`` or
``failure``; a cancelled one gets a ``failure`` with the code ``cancelled``, also when it had not begun.

**Methods**

=====================  =============================================================================================
``query``              params as in :class:`QueryParams`; value: ``output``, ``counts`` and ``best_scores`` (one number
                       per expression), ``plans`` (one line per expression, empty when there is none),
                       ``explanations`` (the plan as a tree and what became of each candidate), ``kept_from`` (lowest
                       score kept), ``warnings``, ``model``, ``device``, ``seconds``
``models``             params ``folder`` and ``also`` (a list of folders), both may be left out; value: ``models``, a
                       list of objects with ``name``, ``folder``, ``is_bundled``, ``gsd_m``, ``classes``,
                       ``max_words``, ``card``: the bundled models, those of ``also`` that are there, the one in
                       ``folder``, which must be there
``describe_training``  params as in :class:`TrainParams`, and ``contact_sheet`` (path of a PNG to write, or null);
                       value: what would be trained on, as ``engine.layer_training.Understanding``
``train``              params as in :class:`TrainParams`; sends ``metrics``; value: ``folder`` of the model,
                       ``classes``, ``steps``, ``best_step``, ``before`` and ``after`` (figures on validation chips),
                       ``is_validated``, ``warnings``, ``seconds_per_step``. Cancelled after a validation it leaves the
                       best model so far, as the failure's message then says; the same request goes on from there
``evaluate``           params as in :class:`EvaluateParams`; value: the figures, as ``engine.evaluate.EvaluationReport``
``verify``             no params; computes with every part once; value: ``device``, ``versions`` (object), ``seconds``
``unload``             no params; gives the memory of models and caches back; value: empty object
=====================  =============================================================================================

Figures that do not exist are null.

**Failure codes** are the values of :class:`Code`; the client adds its own for a worker that is missing or gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar, Union

PROTOCOL_VERSION = 2
MAX_LINE_BYTES = 8 * 1024 * 1024


class ProtocolError(Exception):
    """A line or its content does not follow the protocol."""


class Code:
    """The failure codes."""

    BAD_REQUEST = "bad_request"
    EXPRESSION = "expression"
    RASTER = "raster"
    LAYER = "layer"
    OPTIONS = "options"
    OUTPUT = "output"
    MODEL = "model"
    DEVICE = "device"
    MEMORY = "memory"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    # From here on: found by the client, never sent by a worker.
    ENGINE_MISSING = "engine_missing"
    ENGINE_START = "engine_start"
    ENGINE_VERSION = "engine_version"
    ENGINE_DIED = "engine_died"
    ENGINE_HUNG = "engine_hung"


@dataclass(frozen=True)
class Hello:
    """The worker is ready."""

    protocol: int
    version: str
    pid: int
    python: str


@dataclass(frozen=True)
class Request:
    """The client asks for a job."""

    id: int
    method: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cancel:
    """The client does not want a job any more."""

    id: int


@dataclass(frozen=True)
class Ping:
    """The client asks for a sign of life."""

    seq: int


@dataclass(frozen=True)
class Pong:
    """The worker lives."""

    seq: int


@dataclass(frozen=True)
class Shutdown:
    """The client is done with the worker."""


@dataclass(frozen=True)
class Progress:
    """How far a job is."""

    id: int
    stage: str
    done: int
    total: int
    unit: str


@dataclass(frozen=True)
class Metrics:
    """How well a training does."""

    id: int
    step: int
    total: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Log:
    """A line for the person's log."""

    level: str
    text: str
    id: int | None = None


@dataclass(frozen=True)
class Result:
    """A job is done."""

    id: int
    value: dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """A job is over without a result."""

    id: int | None
    code: str
    message: str
    detail: str = ""


# Written for Python 3.9, where types cannot be joined with a bar at run time.
Message = Union[Hello, Request, Cancel, Ping, Pong, Shutdown, Progress, Metrics, Log, Result, Failure]  # noqa: UP007

_KINDS: dict[str, type[Any]] = {
    "hello": Hello,
    "request": Request,
    "cancel": Cancel,
    "ping": Ping,
    "pong": Pong,
    "shutdown": Shutdown,
    "progress": Progress,
    "metrics": Metrics,
    "log": Log,
    "result": Result,
    "failure": Failure,
}
_NAMES = {cls: kind for kind, cls in _KINDS.items()}
# The annotations are text here, so the few types that occur are named once.
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "dict[str, Any]": (dict,),
    "int | None": (int, type(None)),
}


def encode(message: Message) -> bytes:
    """Return the line for a message, line feed included.

    Raises:
        ProtocolError: the line would be longer than ``MAX_LINE_BYTES``.
    """
    body = {"kind": _NAMES[type(message)], **asdict(message)}
    line = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(line) >= MAX_LINE_BYTES:
        raise ProtocolError(f"A message of {len(line)} bytes is longer than the {MAX_LINE_BYTES} allowed.")
    return line + b"\n"


def decode(line: bytes) -> Message:
    """Return the message of a line.

    Raises:
        ProtocolError: the line is no JSON object, of no known kind, or lacks a field or has one of a wrong type.
    """
    try:
        body = json.loads(line.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"Not a line of JSON: {line[:80]!r}.") from error
    if not isinstance(body, dict):
        raise ProtocolError(f"Not a JSON object: {line[:80]!r}.")
    cls = _KINDS.get(str(body.get("kind")))
    if cls is None:
        raise ProtocolError(f"Unknown kind of message {body.get('kind')!r}.")
    message: Message = _build(cls, body)
    return message


def _build(cls: type[Any], body: Mapping[str, Any]) -> Any:
    values = {}
    for item in fields(cls):
        if item.name not in body:
            continue  # a missing field without a default is refused by the constructor below
        value = body[item.name]
        allowed = _TYPES[str(item.type)]
        if not isinstance(value, allowed) or isinstance(value, bool):
            raise ProtocolError(f"Field {item.name!r} of {_NAMES[cls]!r} cannot be {value!r}.")
        values[item.name] = value
    try:
        return cls(**values)
    except TypeError as error:
        raise ProtocolError(f"A message of kind {_NAMES[cls]!r} lacks a field: {error}.") from error


@dataclass(frozen=True)
class QueryParams:
    """What a ``query`` asks for."""

    raster: str
    """Path of a raster that GDAL opens."""
    expressions: list[str]
    """One or more texts."""
    output: str
    """Path of the GeoPackage to write; an existing file is replaced."""
    layer: str = "results"
    """Name of the layer inside the GeoPackage."""
    scores: str | None = None
    """Path of the GeoTIFF to write the scores to, a band per noun phrase; null for none."""
    model: str = "small"
    """Name or folder of a model."""
    device: str = "auto"
    """``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``."""
    threshold: float = 0.5
    """Pixels with at least this score belong to a polygon."""
    keep_from: float | None = None
    """Keep weaker polygons too, from this score on, where the expression means all that it names; null for none.
    The polygons with at least ``threshold`` are the same either way."""
    min_area_m2: float | None = None
    """Polygons smaller than this are left out, in square metres; null for the engine's own rule."""
    simplify_m: float | None = None
    """Tolerance of simplification in metres; null for the engine's own rule."""
    bands: list[int] | None = None
    """Three band numbers, from 1, for red, green and blue; null to choose by colour interpretation."""
    region: str | None = None
    """Well-known text of a polygon in the raster's CRS; null for the whole raster."""
    reading: str = "auto"
    """Whose reading of relations counts: ``auto``, ``network`` or ``plan``."""
    anchor_missing: str = "none"
    """What "tanks near the harbour" means where no harbour is found: ``none`` of the tanks, or ``all`` of them."""
    allow_unknown: bool = False
    """Guess, with a warning, when the expression is nothing but a class that the model has not seen."""
    allow_no_crs: bool = False
    """Answer in pixel units for a raster without CRS instead of failing."""
    allow_any_scale: bool = False
    """Guess, with a warning, where the raster is far too coarse for the model."""


@dataclass(frozen=True)
class TrainParams:
    """What a ``train`` or ``describe_training`` asks for."""

    rasters: list[str]
    """Paths of rasters."""
    layers: list[str]
    """Vector files with polygons; ``file|layername=name`` where a file holds several."""
    out: str
    """Folder of the run, new or empty or with the same run; the model is its subfolder ``model``."""
    class_field: str = "class"
    """Field with the class names."""
    expression_field: str | None = None
    """Field with the expressions; null: ``expression`` where a layer has it."""
    start: str = "small"
    """Name or folder of the model to start from."""
    from_scratch: bool = False
    """Take only sizes and tokenizer from ``start``."""
    method: str = "product"
    """How class names and expressions are trained together; see ``engine.layer_fit.METHODS``."""
    complete: list[str] | None = None
    """Classes of which every instance is drawn; null for all."""
    steps: int | None = None
    """Null: by the amount of data."""
    batch_size: int = 4
    learning_rate: float | None = None
    """Null: by how the training starts."""
    validation_share: float = 0.2
    """Share of the objects, by place, that models are chosen by."""
    seed: int = 0
    bands: list[int] | None = None
    """Three band numbers, from 1; null to choose by colour interpretation."""
    device: str = "auto"
    overwrite: bool = False
    """Start anew where ``out`` holds another run."""


@dataclass(frozen=True)
class EvaluateParams:
    """What an ``evaluate`` asks for."""

    rasters: list[str]
    """As of a training."""
    layers: list[str]
    class_field: str = "class"
    expression_field: str | None = None
    complete: list[str] | None = None
    bands: list[int] | None = None
    model: str = "small"
    """Name or folder of a model."""
    text_mode: str = "expression"
    """``class-name`` asks the class of each object instead of the written expression: the baseline."""
    report: str | None = None
    """Path of the HTML page to write; null for none."""
    device: str = "auto"


Params = TypeVar("Params")


def to_params(params: Any) -> dict[str, Any]:
    """Return the JSON object of a dataclass of parameters."""
    return asdict(params)


def from_params(cls: type[Params], body: Mapping[str, Any]) -> Params:
    """Return the dataclass of parameters for a JSON object.

    Raises:
        ProtocolError: a field is unknown or a required one is missing.
    """
    names = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(body) - names)
    if unknown:
        raise ProtocolError(f"Unknown parameters: {', '.join(unknown)}.")
    try:
        return cls(**body)
    except TypeError as error:
        raise ProtocolError(f"A parameter is missing: {error}.") from error
