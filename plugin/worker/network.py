"""Proxy and certificates as QGIS has them, as environment variables for pip."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from qgis.core import QgsApplication, QgsSettings

from .variables import clean_variables


def pip_variables(certificates: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment variables with which pip reaches the network as QGIS does.

    Args:
        certificates: file to write the certificates to that QGIS trusts; pip reads it.
        variables: to start from; None for this process's. What they say of proxy and certificates has precedence.
    """
    found = clean_variables(os.environ if variables is None else variables)
    proxy = proxy_url(QgsSettings())
    if proxy and not any(name.lower() == "https_proxy" for name in found):
        found["HTTPS_PROXY"] = found["HTTP_PROXY"] = proxy
    if "PIP_CERT" not in found:
        bundle = bytes(QgsApplication.authManager().trustedCaCertsPemText())
        if bundle.strip():
            certificates.parent.mkdir(parents=True, exist_ok=True)
            certificates.write_bytes(bundle)
            found["PIP_CERT"] = str(certificates)
    return found


def proxy_url(settings: QgsSettings) -> str:
    """Return the address of the proxy that is set in QGIS's options, empty for none.

    Args:
        settings: of QGIS.
    """
    if not settings.value("proxy/proxyEnabled", False, type=bool):
        return ""
    kind = settings.value("proxy/proxyType", "")
    host, port = settings.value("proxy/proxyHost", ""), settings.value("proxy/proxyPort", "")
    if not host or kind in ("DefaultProxy", "NoProxy"):
        return ""
    scheme = "socks5h" if kind == "Socks5Proxy" else "http"
    user, password = settings.value("proxy/proxyUser", ""), settings.value("proxy/proxyPassword", "")
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    return f"{scheme}://{login}{host}{':' + str(port) if port else ''}"
