"""Build the plugin's zip: ``python tools/package.py dist``.

The zip holds one folder, ``referent``, with what QGIS needs and nothing else; translations are compiled into it.
Built twice from the same files it is the same to the byte.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("__init__.py", "__main__.py", "metadata.txt", "LICENSE", "README.md", "CHANGELOG.md")
FOLDERS = ("core_model", "engine", "geo_io", "plugin", "resources")
LEFT_OUT = re.compile(r"(^|/)(__pycache__|\..*|[^/]*\.(pyc|ts|part))(/|$)")
DATE = (2020, 1, 1, 0, 0, 0)


def version():
    """Return the version of the package."""
    text = (ROOT / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE).group(1)


def members():
    """Yield the path of each file below the root, sorted."""
    for name in FILES:
        if (ROOT / name).exists():
            yield ROOT / name
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not LEFT_OUT.search(path.relative_to(ROOT).as_posix()):
                yield path


def compile_translations(folder):
    """Compile each translation into a folder; returns the compiled files."""
    lrelease = next((tool for tool in map(shutil.which, ("lrelease", "lrelease-qt5", "lrelease6")) if tool), None)
    if lrelease is None:
        sys.exit("lrelease is missing: install it with 'apt-get install qttools5-dev-tools'.")
    compiled = []
    for source in sorted((ROOT / "resources" / "i18n").glob("*.ts")):
        target = folder / f"{source.stem}.qm"
        subprocess.run([lrelease, "-silent", str(source), "-qm", str(target)], check=True)
        compiled.append(target)
    return compiled


def build(folder):
    """Write the zip into a folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"referent-{version()}.zip"
    part = target.with_suffix(".part")
    with (
        tempfile.TemporaryDirectory() as name,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped,
    ):
        contents = {path.relative_to(ROOT).as_posix(): path for path in members()}
        contents.update({f"resources/i18n/{path.name}": path for path in compile_translations(Path(name))})
        for inside, path in sorted(contents.items()):
            entry = zipfile.ZipInfo(f"referent/{inside}", DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(entry, path.read_bytes())
    part.replace(target)
    return target


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python tools/package.py FOLDER")
    zip_path = build(Path(sys.argv[1]))
    print(f"{zip_path}: {zip_path.stat().st_size / 1e6:.1f} MB")
