"""Check the plugin's zip as plugins.qgis.org does: ``python tools/check_package.py dist/referent-0.1.0.zip``.

Validator rules, bandit without a threshold, detect-secrets, flake8, and the names that Qt 6 spells differently. Prints
every finding and a count; any finding is a failure.
"""

import ast
import configparser
import importlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MAX_BYTES = 25_000_000
REQUIRED = (
    "name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository",
    "qgisMaximumVersion", "hasProcessingProvider",
)  # fmt: skip
FORBIDDEN = re.compile(r"(\.pyc$|__pycache__|(^|/)\.git|__MACOSX|\.\.|\\|:)")
SUSPICIOUS = (".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd")


def check_archive(path):
    """Yield the findings of the site's validator."""
    if path.stat().st_size > MAX_BYTES:
        yield f"the zip has {path.stat().st_size} bytes, more than {MAX_BYTES}"
    with zipfile.ZipFile(path) as zipped:
        names = zipped.namelist()
        tops = {name.split("/")[0] for name in names}
        if tops != {"referent"}:
            yield f"the zip holds {sorted(tops)} instead of one folder 'referent'"
            return
        for name in names:
            if FORBIDDEN.search(name):
                yield f"{name} must not be in the zip"
            if name.lower().endswith(SUSPICIOUS):
                yield f"{name} is a binary or a script of the system"
        for name in ("__init__.py", "metadata.txt", "LICENSE"):
            if f"referent/{name}" not in names:
                yield f"{name} is missing"
        yield from check_metadata(zipped.read("referent/metadata.txt").decode("utf-8"), set(names))


def check_metadata(text, names):
    """Yield what is wrong with metadata.txt."""
    parser = configparser.ConfigParser()
    parser.optionxform = str
    try:
        parser.read_string(text)
        general = dict(parser.items("general"))
    except configparser.Error as error:
        yield f"metadata.txt cannot be parsed: {error}"
        return
    for key in REQUIRED:
        if not general.get(key, "").strip():
            yield f"metadata.txt lacks {key}"
    if not re.fullmatch(r"\d+\.\d+\.\d+", general.get("version", "")):
        yield f"metadata.txt: version {general.get('version')!r} is not MAJOR.MINOR.PATCH"
    if "/" in general.get("author", ""):
        yield "metadata.txt: the author holds a slash"
    if general.get("icon") and f"referent/{general['icon']}" not in names:
        yield f"metadata.txt: the icon {general['icon']} is not in the zip"
    for key in ("homepage", "tracker", "repository"):
        if not general.get(key, "").startswith("https://"):
            yield f"metadata.txt: {key} is no https address"


def check_bandit(folder):
    """Yield every finding of bandit, whatever its severity."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", "-f", "json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for item in json.loads(done.stdout)["results"]:
        place = Path(item["filename"]).relative_to(folder)
        yield f"bandit {item['test_id']} {place}:{item['line_number']}: {item['issue_text']}"


def check_secrets(folder):
    """Yield what detect-secrets takes for a secret.

    A pinned commit is none where its line names the ``hub_id`` that it pins, so presets write the two on one line.
    """
    command = ["detect-secrets", "scan", "--all-files", "."]
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(program), *command[1:]], cwd=folder, capture_output=True, text=True, check=True)
    for name, items in json.loads(done.stdout)["results"].items():
        for item in items:
            yield f"detect-secrets {item['type']} {name}:{item['line_number']}"


def check_flake8(folder):
    """Yield the findings of flake8; E203 contradicts PEP 8 where slices are computed."""
    command = [sys.executable, "-m", "flake8", "--max-line-length", "120", "--extend-ignore", "E203", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        yield f"flake8 did not run: {done.stderr.strip()[:300]}"
    for line in done.stdout.splitlines():
        yield f"flake8 {line}"


def check_qt6(folder):
    """Yield uses of Qt and QGIS that Qt 6 refuses.

    What comes from ``qgis.PyQt`` must be in PyQt6 under the very name; of QGIS's own classes, which are only here for
    Qt 5, enum members must be written with their enum.
    """
    for path in sorted((folder / "plugin").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        owners = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                if node.module.split(".")[0] in ("PyQt5", "PyQt6"):
                    yield f"qt6 {path.name}:{node.lineno}: import from qgis.PyQt instead of {node.module}"
                elif node.module.startswith("qgis."):
                    owners.update(_owners(node))
        for name, owner in owners.items():
            if owner is None:
                yield f"qt6 {path.name}: PyQt6 has no {name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("exec_", "print_"):
                yield f"qt6 {path.name}:{node.lineno}: {node.attr} is gone"
            name, members = _chain(node)
            if owners.get(name) is not None and members:
                trouble = _trouble(owners[name], members)
                if trouble:
                    yield f"qt6 {path.name}:{node.lineno}: {name}.{'.'.join(members)} {trouble}"


def _owners(node):
    """Return imported name to what it is, in PyQt6 where it is Qt's; None where PyQt6 lacks it."""
    is_qt = node.module.startswith("qgis.PyQt.")
    module = importlib.import_module(node.module.replace("qgis.PyQt", "PyQt6") if is_qt else node.module)
    places = [module, importlib.import_module("PyQt6.QtGui")] if is_qt else [module]  # QGIS makes up for QAction's move
    found = {}
    for alias in node.names:
        owner = next((getattr(place, alias.name) for place in places if hasattr(place, alias.name)), None)
        found[alias.asname or alias.name] = owner
    return found


def _chain(node):
    members = []
    while isinstance(node, ast.Attribute):
        members.insert(0, node.attr)
        node = node.value
    return (node.id, members) if isinstance(node, ast.Name) else ("", [])


def _trouble(owner, members):
    """Return what is wrong with a chain of attributes of a class, empty if nothing is."""
    if not isinstance(owner, type):
        return ""
    is_qt = owner.__module__.startswith("PyQt6")
    value = owner
    for member in members:
        if not hasattr(value, member):
            return "is not in PyQt6" if is_qt else ""
        value = getattr(value, member)
    is_enum = isinstance(getattr(owner, members[0]), int) and type(getattr(owner, members[0])) not in (int, bool)
    return "lacks its enum" if is_enum and not is_qt else ""


def main():
    """Print all findings."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python tools/check_package.py ZIP")
    path = Path(sys.argv[1])
    findings = list(check_archive(path))
    with tempfile.TemporaryDirectory() as name:
        with zipfile.ZipFile(path) as zipped:
            zipped.extractall(name)
        folder = Path(name) / "referent"
        for check in (check_bandit, check_secrets, check_flake8, check_qt6):
            findings += check(folder)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings in {path}, {path.stat().st_size / 1e6:.1f} MB")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
