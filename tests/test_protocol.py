import ast
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referent.engine import protocol
from referent.engine.params import EvaluateParams, QueryParams, TrainParams, from_params
from referent.engine.protocol import (
    Cancel,
    Failure,
    Hello,
    Log,
    Metrics,
    Ping,
    Pong,
    Progress,
    ProtocolError,
    Request,
    Result,
    Shutdown,
    decode,
    encode,
)

numbers = st.integers(min_value=0, max_value=2**53)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.dictionaries(texts, st.one_of(texts, numbers, st.none(), st.lists(st.floats(0, 1))), max_size=4)
messages = st.one_of(
    st.builds(Hello, numbers, texts, numbers, texts),
    st.builds(Request, numbers, texts, values),
    st.builds(Cancel, numbers),
    st.builds(Ping, numbers),
    st.builds(Pong, numbers),
    st.just(Shutdown()),
    st.builds(Progress, numbers, texts, numbers, numbers, texts),
    st.builds(Metrics, numbers, numbers, numbers, values),
    st.builds(Log, texts, texts, st.one_of(st.none(), numbers)),
    st.builds(Result, numbers, values),
    st.builds(Failure, st.one_of(st.none(), numbers), texts, texts, texts),
)


@given(messages)
def test_decode_gives_back_what_was_encoded(message):
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


@given(st.binary(max_size=200))
def test_decode_of_any_bytes_is_a_message_or_a_protocol_error(line):
    try:
        decode(line)
    except ProtocolError:
        pass


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"{}",
        b'{"kind":"nobody"}',
        b'{"kind":"cancel"}',
        b'{"kind":"cancel","id":"1"}',
        b'{"kind":"cancel","id":true}',
        b'{"kind":"request","id":1,"method":"query","params":[]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_decode_refuses_what_the_protocol_does_not_know(line):
    with pytest.raises(ProtocolError):
        decode(line)


def test_decode_ignores_fields_that_a_later_version_may_add():
    assert decode(b'{"kind":"pong","seq":3,"load":0.5}') == Pong(3)


def test_encode_refuses_not_a_number_and_lines_that_are_too_long():
    with pytest.raises(ValueError):
        encode(Result(1, {"score": float("nan")}))
    with pytest.raises(ProtocolError):
        encode(Result(1, {"text": "x" * protocol.MAX_LINE_BYTES}))


def test_params_travel_whole_and_unknown_ones_are_named():
    params = QueryParams("a.tif", ["ship"], "out.gpkg", bands=[3, 2, 1])
    assert from_params(QueryParams, asdict(params)) == params
    with pytest.raises(ProtocolError, match="tresh"):
        from_params(QueryParams, {**asdict(params), "tresh": 0.4})
    with pytest.raises(ProtocolError, match="expressions"):
        from_params(QueryParams, {"raster": "a.tif", "output": "b.gpkg"})
    for cls in (TrainParams, EvaluateParams):
        with pytest.raises(ProtocolError, match="layers"):
            from_params(cls, {"rasters": ["a.tif"]})


def test_the_specification_names_every_kind_field_and_code():
    text = protocol.__doc__
    for kind, cls in protocol._KINDS.items():
        assert f"``{kind}``" in text
        for name in cls.__dataclass_fields__:
            assert f"``{name}``" in text, (kind, name)


def test_the_protocol_needs_the_standard_library_of_python_3_9_only():
    source = Path(protocol.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {
        name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    } | {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if node.module}
    assert imported <= set(sys.stdlib_module_names)
