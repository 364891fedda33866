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

**Methods**; their params, with defaults for what is left out, are the dataclasses of ``engine.params``.

=====================  =============================================================================================
``query``              params as in ``QueryParams``; value: ``output``, ``counts`` and ``best_scores`` (one number
                       per expression), ``plans`` (one line per expression, empty when there is none),
                       ``explanations`` (the plan as a tree and what became of candidates), ``kept_from`` (lowest
                       score kept), ``warnings``, ``model``, ``device``, ``seconds``
``models``             params ``folder`` and ``also`` (a list of folders), both may be left out; value: ``models``, a
                       list of objects with ``name``, ``folder``, ``is_bundled``, ``gsd_m``, ``classes``,
                       ``max_words``, ``card``: the bundled models, those of ``also`` that are there, the one in
                       ``folder``, which must be there
``describe_training``  params as in ``TrainParams``, and ``contact_sheet`` (path of a PNG to write, or null);
                       value: what would be trained on, as ``engine.layer_training.Understanding``
``train``              params as in ``TrainParams``; sends ``metrics``; value: ``folder`` of the model,
                       ``classes``, ``steps``, ``best_step``, ``before`` and ``after`` (figures on validation chips),
                       ``is_validated``, ``warnings``, ``seconds_per_step``. Cancelled after a validation it leaves the
                       best model so far, as the failure's message then says; the same request goes on from there
``evaluate``           params as in ``EvaluateParams``; value: the figures, as ``engine.evaluate.EvaluationReport``
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
from typing import Any, Union

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
