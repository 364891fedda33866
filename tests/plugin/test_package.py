"""The zip as the plugin site checks it, and the checks as such: each must find what it is for."""

import importlib.util
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


checks = load_tool("check_package")
translate = load_tool("translate")


def test_translations_are_complete_and_up_to_date():
    texts = translate.find_texts()
    files = sorted(translate.FOLDER.glob("*.ts"))
    assert files
    assert [problem for path in files for problem in translate.problems(path, texts)] == []


def make_zip(path, files):
    with zipfile.ZipFile(path, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return path


METADATA = (ROOT / "metadata.txt").read_text(encoding="utf-8")
GOOD = {
    "referent/__init__.py": "",
    "referent/LICENSE": "GPL",
    "referent/metadata.txt": METADATA,
    "referent/resources/icons/referent.svg": "<svg/>",
}


def test_archive_check_passes_a_good_zip(tmp_path):
    assert list(checks.check_archive(make_zip(tmp_path / "a.zip", GOOD))) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"referent/plugin/__pycache__/a.pyc": ""}, "must not be in the zip"),
        ({"referent/tool.exe": ""}, "binary"),
        ({"other/__init__.py": ""}, "instead of one folder"),
        ({"referent/metadata.txt": METADATA.replace("hasProcessingProvider=yes", "")}, "lacks hasProcessingProvider"),
        ({"referent/metadata.txt": METADATA.replace("about=", "about=90% better ")}, "cannot be parsed|interpolat|%"),
    ],
)
def test_archive_check_finds_what_the_site_refuses(tmp_path, files, words):
    import re

    found = " ".join(checks.check_archive(make_zip(tmp_path / "a.zip", {**GOOD, **files})))
    assert re.search(words, found)


@pytest.mark.skipif(importlib.util.find_spec("qgis") is None, reason="PyQGIS is not installed")
def test_qt6_check_finds_short_enums(tmp_path):
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "a.py").write_text(
        "from qgis.PyQt.QtCore import QRegExp, Qt\nfrom qgis.PyQt.QtWidgets import QAction\n"
        "from qgis.core import QgsWkbTypes\n"
        "a = Qt.AlignLeft\nb = Qt.AlignmentFlag.AlignLeft\nc = QgsWkbTypes.MultiPolygon\nd.exec_()\n"
        "e = QgsWkbTypes.Type.MultiPolygon\n"
    )
    found = sorted(checks.check_qt6(tmp_path))
    assert [line.split(": ", 1)[1] for line in found] == [
        "PyQt6 has no QRegExp",
        "Qt.AlignLeft is not in PyQt6",
        "QgsWkbTypes.MultiPolygon lacks its enum",
        "exec_ is gone",
    ], found


def test_bandit_check_finds_low_severity_too(tmp_path):
    (tmp_path / "a.py").write_text("assert True\n")
    assert "B101" in " ".join(checks.check_bandit(tmp_path))


@pytest.mark.skipif(sys.platform == "win32", reason="lrelease is looked for on the path")
def test_package_is_the_same_to_the_byte_and_small(tmp_path):
    package = load_tool("package")
    first, second = package.build(tmp_path / "one"), package.build(tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < checks.MAX_BYTES
    assert list(checks.check_archive(first)) == []
    names = zipfile.ZipFile(first).namelist()
    assert "referent/resources/i18n/referent_de.qm" in names
    assert not [name for name in names if name.endswith((".ts", ".pyc")) or "/tests/" in name]
