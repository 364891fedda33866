"""Pages that a job leaves: tables, figures, a picture."""

from __future__ import annotations

import html
from pathlib import Path

from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QTextBrowser, QWidget

from ..i18n import tr


class Page(QTextBrowser):
    """Tables and pictures that a job left."""

    def __init__(self, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setPlaceholderText(placeholder)
        self.anchorClicked.connect(QDesktopServices.openUrl)
        self._body = ""
        self._picture: Path | None = None

    def show_page(self, body: str, picture: Path | None = None) -> None:
        """Show a page.

        Args:
            body: HTML.
            picture: shown below, as wide as the page.
        """
        self._body, self._picture = body, picture
        self._render()

    def resizeEvent(self, event) -> None:
        """Keep the picture as wide as the page."""
        super().resizeEvent(event)
        if self._picture is not None:
            self._render()

    def _render(self) -> None:
        body = self._body
        if self._picture is not None and self._picture.exists():
            url = QUrl.fromLocalFile(str(self._picture)).toString()
            width = max(200, self.viewport().width() - 24)
            body += f"<p><small>{html.escape(tr('Click the picture to see it at its full size.'))}</small></p>"
            body += f'<p><a href="{html.escape(url)}"><img src="{html.escape(url)}" width="{width}"></a></p>'
        self.setHtml(body)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return an HTML table whose first column is text and whose others are numbers.

    Args:
        head: one text per column.
        rows: plain texts.
    """

    def line(cells: list[str], tag: str) -> str:
        parts = []
        for number, cell in enumerate(cells):
            align = "left" if number == 0 else "right"
            parts.append(f'<{tag} align="{align}">{html.escape(cell)}</{tag}>')
        return f"<tr>{''.join(parts)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f'<p></p><table cellspacing="0" cellpadding="3">{line(head, "th")}{body}</table>'


def figure(value: float | None) -> str:
    """Return a figure with three digits, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def warning_lines(texts: list[str]) -> str:
    """Return warnings as HTML."""
    return "".join(f"<p>⚠ {html.escape(text)}</p>" for text in texts)
