"""The project as a whole: what is packaged, what is promised in the README, what may import what."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import referent
from referent.engine.cli import build_parser

ROOT = Path(__file__).resolve().parent.parent
CODE = ("plugin", "core_model", "geo_io", "engine")
HEAVY = ("torch", "transformers", "numpy", "rasterio", "shapely", "geopandas", "pyogrio", "pyproj", "scipy", "tqdm")


def _sources() -> list[Path]:
    return [
        ROOT / "__init__.py",
        ROOT / "__main__.py",
        *(path for name in CODE for path in (ROOT / name).rglob("*.py")),
    ]


def _pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_folder_of_code_is_packaged() -> None:
    # A forgotten one imports in an editable install and is absent from the wheel.
    listed = set(_pyproject()["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(ROOT) for path in _sources()}
    assert listed == {".".join(("referent", *folder.parts)) for folder in folders}
    assert all((ROOT / folder / "__init__.py").is_file() for folder in folders)


def test_wheel_holds_code_and_resources(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "odd-name"
    skip = shutil.ignore_patterns(".*", "build", "runs", "demo-out", "__pycache__", "*.egg-info", "tests")
    shutil.copytree(ROOT, source, ignore=skip)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        source,
    ]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in _sources():
        assert f"referent/{path.relative_to(ROOT).as_posix()}" in names
    for path in (ROOT / "resources").rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.parts):
            assert f"referent/{path.relative_to(ROOT).as_posix()}" in names
    assert "referent/metadata.txt" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("path", _sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_code_never_imports_itself_by_name(path: Path) -> None:
    # QGIS decides what the folder, and so the package, is called.
    own = {"referent", *CODE}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        found = [name for name in names if name.split(".")[0] in own]
        assert not found or path.name == "run_worker.py", f"{path}:{node.lineno} imports {found}"


def test_imports_point_one_way() -> None:
    lint = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if lint is None:
        pytest.skip("import-linter is not installed")
    done = subprocess.run([lint, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from referent.engine.cli import build_parser; build_parser().format_help(); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_versions_agree() -> None:
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    assert metadata["general"]["version"] == referent.__version__
    assert f"[{referent.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_plugin_metadata_has_what_the_plugin_repository_requires() -> None:
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    required = "name description version qgisMinimumVersion author email about tracker repository".split()
    assert all(general.get(key) for key in required)
    assert general["qgisMinimumVersion"] == "3.22"
    assert general["qgisMaximumVersion"] == "4.99"
    assert general.getboolean("hasProcessingProvider")
    assert (ROOT / general["icon"]).is_file()


def _readme_commands() -> list[str]:
    return re.findall(
        r"^    ((?:referent|make|python) .*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize("command", _readme_commands())
def test_commands_of_the_readme_exist(command: str) -> None:
    program, *words = shlex.split(command)
    if program == "referent":
        build_parser().parse_args(words)
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE)
        assert all(re.search(rf"^{word.split('=')[0]} \?=", makefile, re.MULTILINE) for word in words[1:])
    else:
        assert words[0] == "-c"
        compile(words[1], "README.md", "exec")


def test_readme_shows_all_commands() -> None:
    shown = {command.split()[0] for command in _readme_commands()}
    assert shown == {"referent", "make", "python"}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:engine|core_model|geo_io|plugin)/[\w/]+\.py)`|\]\(([\w./-]+)\)", text):
        assert (ROOT / (path[0] or path[1])).exists(), path
