"""Where the help lies: inside the plugin, so that it is there offline."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl

from .paths import PLUGIN_FOLDER


def help_url(section: str = "") -> str:
    """Return the address of the help in the person's language.

    Args:
        section: the anchor of a section, such as the name of an algorithm.
    """
    folder = PLUGIN_FOLDER / "resources" / "help"
    page = folder / f"index_{QgsApplication.locale()[:2]}.html"
    if not page.exists():
        page = folder / "index.html"
    url = QUrl.fromLocalFile(str(page))
    url.setFragment(section)
    return str(url.toString())
