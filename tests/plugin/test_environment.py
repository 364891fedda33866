"""The environment manager without QGIS: real virtual environments, a wheel made here, no network."""

import hashlib
import re
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("venv")

from referent.plugin.worker import base_python, environment
from referent.plugin.worker.base_python import find_base_python, probe
from referent.plugin.worker.build import CancelledError, EnvironmentFailedError, Request, explain, prepare
from referent.plugin.worker.environment import (
    engine_folder,
    is_outdated,
    lock_files,
    python_of,
    read_state,
    remove,
)
from referent.plugin.worker.variables import clean_variables

PROFILES = ("cpu", "cuda")


def make_wheel(folder, name="tinything"):
    """Write a wheel of one module; returns its SHA-256."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(f"{name}.py", "ANSWER = 42\n")
        zipped.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        zipped.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        zipped.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A lock of one wheel, the folder that holds it, and a data folder with space and umlaut."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    digest = make_wheel(wheels)
    lock = tmp_path / "cpu.txt"
    lock.write_text(f"tinything==1.0 \\\n    --hash=sha256:{digest}\n")
    monkeypatch.setattr(environment, "lock_files", lambda profile: [lock])
    monkeypatch.setattr(environment, "NEEDED_BYTES", {"cpu": 1000})
    data = tmp_path / "Daten für Referent"
    request = Request(
        data, "cpu", sys.executable, {"PATH": "/usr/bin:/bin", "PIP_INDEX_URL": "http://127.0.0.1:9"}, wheels
    )
    return request, lock


def test_environment_is_made_offline_whole_and_named(offline):
    request, _ = offline
    reports = []
    state = prepare(request, lambda share, line: reports.append(share), lambda: False)
    python = python_of(engine_folder(request.folder))
    assert probe(str(python)) is not None
    assert read_state(request.folder) == state
    assert not is_outdated(state)
    assert reports == sorted(reports)
    assert reports[-1] == 1.0
    assert [path.name for path in request.folder.iterdir()] == ["engine"]


def test_new_lock_makes_the_environment_outdated_and_repair_replaces_it(offline):
    request, lock = offline
    state = prepare(request, lambda share, line: None, lambda: False)
    (engine_folder(request.folder) / "broken").write_text("x")
    lock.write_text(lock.read_text() + "# changed\n")
    assert is_outdated(state)
    prepare(request, lambda share, line: None, lambda: False)
    assert not (engine_folder(request.folder) / "broken").exists()
    remove(request.folder)
    assert read_state(request.folder) is None


def test_wrong_hash_is_refused_and_the_old_environment_stays(offline):
    request, lock = offline
    state = prepare(request, lambda share, line: None, lambda: False)
    lock.write_text("tinything==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(EnvironmentFailedError, match="not the one that the lock names"):
        prepare(request, lambda share, line: None, lambda: False)
    assert read_state(request.folder) == state
    assert [path.name for path in request.folder.iterdir()] == ["engine"]


def test_cancel_leaves_nothing_half_made(offline):
    request, _ = offline
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    start = time.monotonic()
    with pytest.raises(CancelledError):
        prepare(request, lambda share, line: None, cancelled.is_set)
    assert time.monotonic() - start < 30
    assert list(request.folder.iterdir()) == []


def test_no_network_is_one_sentence(offline):
    request, _ = offline
    without_wheels = Request(request.folder, "cpu", sys.executable, {**request.variables, "PIP_RETRIES": "0"})
    with pytest.raises(EnvironmentFailedError, match="connect to the internet, or install from a wheel folder"):
        prepare(without_wheels, lambda share, line: None, lambda: False)


def test_full_disk_is_found_before_anything_is_written(offline, monkeypatch):
    request, _ = offline
    monkeypatch.setattr(environment, "NEEDED_BYTES", {"cpu": 10**18})
    with pytest.raises(EnvironmentFailedError, match="GB are free"):
        prepare(request, lambda share, line: None, lambda: False)
    assert list(request.folder.iterdir()) == []


def test_folder_that_cannot_be_written(offline, tmp_path):
    request, _ = offline
    (tmp_path / "file").write_text("x")
    blocked = Request(tmp_path / "file" / "data", "cpu", sys.executable, request.variables, request.wheel_folder)
    with pytest.raises((EnvironmentFailedError, OSError)):
        prepare(blocked, lambda share, line: None, lambda: False)


def test_base_python_is_looked_for_and_missing_ones_are_named(tmp_path):
    assert find_base_python("cuda", [str(tmp_path / "none"), sys.executable]) == (sys.executable, "cuda")
    with pytest.raises(EnvironmentFailedError, match="install Python"):
        find_base_python("cpu", [str(tmp_path / "none")])


def test_linux_takes_torch_with_cuda_where_the_one_without_has_no_wheel(monkeypatch):
    versions = {"a": (3, 13), "b": (3, 12), "old": (3, 8)}
    monkeypatch.setattr(base_python, "probe", versions.get)
    monkeypatch.setattr(sys, "platform", "linux")
    assert find_base_python("cpu", ["old", "a", "b"]) == ("a", "cuda")
    versions["c"] = (3, 11)
    assert find_base_python("cpu", ["old", "a", "b", "c"]) == ("c", "cpu")
    monkeypatch.setattr(sys, "platform", "win32")
    assert find_base_python("cpu", ["old", "a", "b"]) == ("a", "cpu")
    with pytest.raises(EnvironmentFailedError, match=r"found 3\.8"):
        find_base_python("cpu", ["old"])


@pytest.mark.parametrize("minor", [10, 11, 12, 13, 14])
def test_cuda_lock_has_torch_for_every_python_that_is_taken(minor):
    text = lock_files("cuda")[0].read_text(encoding="utf-8")
    torch = re.search(r"^torch==.*?(?=^[a-z])", text, re.MULTILINE | re.DOTALL).group(0)
    assert torch.count("--hash=sha256:") >= 5 * 3  # Linux, Windows and macOS wheels of five versions
    assert (3, minor) in base_python.PYTHONS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ProxyError('Cannot connect to proxy.'", "proxy"),
        ("ERROR: something new", "something new"),
        ("", "could not be prepared"),
    ],
)
def test_explain_says_what_to_do(line, words):
    assert words in explain([line])


def test_foreign_variables_do_not_reach_the_engine():
    foreign = {
        "PYTHONHOME": "x", "PYTHONPATH": "x", "GDAL_DATA": "x", "PROJ_LIB": "x", "QT_PLUGIN_PATH": "x",
        "LD_LIBRARY_PATH": "x", "LD_PRELOAD": "x", "DYLD_LIBRARY_PATH": "x", "VIRTUAL_ENV": "x", "OSGEO4W_ROOT": "x",
    }  # fmt: skip
    kept = clean_variables({**foreign, "PATH": "/bin", "HTTPS_PROXY": "p", "CUDA_VISIBLE_DEVICES": "0"})
    assert set(kept) == {"PATH", "HTTPS_PROXY", "CUDA_VISIBLE_DEVICES", "PYTHONNOUSERSITE"}


@pytest.mark.parametrize("profile", PROFILES)
def test_committed_locks_are_pinned_hashed_and_name_no_host(profile):
    for path in lock_files(profile):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert "index-url" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert pinned
        assert all("==" in line and line.endswith("\\") for line in pinned)
        assert text.count("--hash=sha256:") >= len(pinned)


def test_locks_cover_the_dependencies_of_the_package():
    import re
    import tomllib

    root = Path(__file__).resolve().parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[<>=\[ ]", text)[0].lower().replace("_", "-") for text in project["dependencies"]}
    for profile in PROFILES:
        text = "\n".join(path.read_text(encoding="utf-8") for path in lock_files(profile))
        locked = {name.lower() for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
        assert wanted <= locked, wanted - locked
