"""Preparing, verifying and describing the engine from inside QGIS."""

import sys
import zipfile
from hashlib import sha256

import pytest
from qgis.core import QgsSettings
from steps import wait_until


@pytest.fixture
def tiny_lock(plugin, monkeypatch, tmp_path):
    """A lock of one wheel, offline, so that preparing takes seconds."""
    from referent.plugin import settings
    from referent.plugin.worker import environment, prepare

    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = wheels / "tinything-1.0-py3-none-any.whl"
    info = "tinything-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as zipped:
        zipped.writestr("tinything.py", "ANSWER = 42\n")
        zipped.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n")
        zipped.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        zipped.writestr(f"{info}/RECORD", "")
    lock = tmp_path / "cpu.txt"
    lock.write_text(f"tinything==1.0 \\\n    --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n")
    monkeypatch.setattr(environment, "lock_files", lambda profile: [lock])
    monkeypatch.setattr(environment, "NEEDED_BYTES", {"cpu": 1000, "cuda": 1000})
    monkeypatch.setattr(prepare, "find_base_python", lambda profile: (sys.executable, profile))
    monkeypatch.delenv("REFERENT_PYTHON")
    settings.put("wheel_folder", str(wheels))
    settings.put("data_folder", str(tmp_path / "Daten"))
    yield tmp_path / "Daten"
    settings.put("wheel_folder", "")
    settings.put("data_folder", "")


def test_prepare_button_makes_the_engine(tiny_lock, plugin):
    from referent.plugin.worker.service import engine_python

    bar = plugin.dock.engine_bar
    plugin.dock.engine_changed()
    assert not bar.isHidden()
    assert not plugin.dock.ask_button.isEnabled()
    bar._prepare.click()
    assert not bar._cancel.isHidden()
    wait_until(lambda: bar._task is None)
    assert bar.isHidden()
    assert plugin.dock.ask_button.isEnabled()
    assert engine_python().exists()
    assert sys.executable != str(engine_python())


def test_cancelled_preparation_leaves_nothing(tiny_lock, plugin):
    bar = plugin.dock.engine_bar
    plugin.dock.engine_changed()
    bar._prepare.click()
    bar._cancel.click()
    wait_until(lambda: bar._task is None)
    assert not bar.isHidden()
    assert not list(tiny_lock.glob("engine*"))


def test_without_network_preparing_says_what_to_do_and_qgis_goes_on(tiny_lock, plugin, monkeypatch):
    from referent.plugin import settings

    settings.put("wheel_folder", "")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    bar = plugin.dock.engine_bar
    plugin.dock.engine_changed()
    bar._prepare.click()
    wait_until(lambda: bar._task is None)
    assert "connect to the internet, or install from a wheel folder" in plugin.dock.notice.text
    assert not bar.isHidden()
    assert not list(tiny_lock.glob("engine*"))


def test_verify_button_computes_and_names_device_and_versions(plugin):
    from referent.plugin.options_page import OptionsPage

    page = OptionsPage(plugin._service, "0", lambda: None, lambda: None, None)
    page.verify()
    wait_until(lambda: page._verify.isEnabled())
    assert page.verdict.startswith(("✓", "✗"))
    if page.verdict.startswith("✓"):
        assert "torch" in page.verdict
        assert "CPU" in page.verdict or "cuda" in page.verdict.lower()
    else:
        assert "There is no model 'small'" in page.verdict  # a checkout without the bundled model
    page.deleteLater()


def test_cache_is_kept_where_the_settings_say_and_cleared(plugin, dock, add_raster, ask, out):
    from referent.plugin import settings
    from referent.plugin.options_page import OptionsPage

    settings.put("data_folder", str(out / "Daten"))
    add_raster()
    ask()
    page = OptionsPage(plugin._service, "0", lambda: None, lambda: None, None)
    files = [path for path in (out / "Daten" / "cache").rglob("*") if path.is_file()]
    assert files
    assert page._clear_cache.isEnabled()
    page._clear_cache.click()
    assert not (out / "Daten" / "cache").exists()
    assert not page._clear_cache.isEnabled()
    page._cache.setValue(0)
    page.apply()
    plugin._service.restart()
    assert ask("airplane").failures == []
    assert not (out / "Daten" / "cache").exists()
    settings.put("cache_gb", 8.0)
    settings.put("data_folder", "")
    page.deleteLater()


def test_proxy_of_qgis_reaches_pip(plugin, tmp_path):
    from referent.plugin.worker.network import pip_variables

    settings = QgsSettings()
    for name, value in (
        ("Enabled", True), ("Type", "HttpProxy"), ("Host", "proxy.example"), ("Port", "3128"),
        ("User", "me"), ("Password", "p@ss"),
    ):  # fmt: skip
        settings.setValue(f"proxy/proxy{name}", value)
    found = pip_variables(tmp_path / "certificates.pem", {"PATH": "/bin", "PYTHONHOME": "x"})
    settings.setValue("proxy/proxyEnabled", False)
    assert found["HTTPS_PROXY"] == "http://me:p%40ss@proxy.example:3128"
    assert "PYTHONHOME" not in found
    if "PIP_CERT" in found:
        assert "BEGIN CERTIFICATE" in (tmp_path / "certificates.pem").read_text()
    assert "HTTPS_PROXY" not in pip_variables(tmp_path / "certificates.pem", {"PATH": "/bin"})


def test_diagnostics_name_versions_and_hide_what_is_private(plugin):
    from pathlib import Path

    from referent.plugin.diagnostics import redact, report

    text = report(plugin._service, "9.9.9")
    assert "Referent 9.9.9" in text
    assert "QGIS 3." in text
    assert str(Path.home()) not in text
    dirty = f"{Path.home()}/secret/a.tif /home/anna/b C:\\Users\\Bob\\c http://me:pw@host/x token=abc123 PASSWORD: q"
    clean = redact(dirty, ["anna"])
    for word in ("anna", "Bob", "pw@", "abc123", str(Path.home())):
        assert word not in clean


def test_translation_is_loaded_where_there_is_one(plugin, tmp_path, monkeypatch):
    import shutil
    import subprocess

    from qgis.PyQt.QtCore import QCoreApplication

    from referent.plugin import i18n
    from referent.plugin.paths import resource

    if shutil.which("lrelease") is None:
        pytest.skip("lrelease is not installed: apt-get install qttools5-dev-tools")
    compiled = tmp_path / "referent_de.qm"
    subprocess.run(["lrelease", "-silent", resource("i18n/referent_de.ts"), "-qm", str(compiled)], check=True)
    monkeypatch.setattr(i18n, "resource", lambda name: str(tmp_path / name.split("/")[-1]))
    monkeypatch.setattr(i18n.QgsApplication, "locale", lambda *a: "de_AT", raising=False)
    translator = i18n.install_translator()
    assert translator is not None
    assert i18n.tr("Prepare engine") == "Engine vorbereiten"
    QCoreApplication.removeTranslator(translator)
    assert i18n.tr("Prepare engine") == "Prepare engine"
