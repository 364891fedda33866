"""Referent: ask a map in words.

The folder that holds this file is at once a QGIS plugin and the Python package ``referent``.
Importing it does nothing: QGIS calls :func:`classFactory`, everybody else imports the module that owns what they need.
"""

__version__ = "0.1.0"


def classFactory(iface):  # noqa: N802 - the name that QGIS calls
    """Return the plugin object for QGIS.

    Args:
        iface: the ``QgisInterface`` that QGIS hands to every plugin.
    """
    from .plugin.main import ReferentPlugin

    return ReferentPlugin(iface)
