"""The contact sheet: chips with their outlines, classes and expressions, for a person to see what was understood."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from ..core_model.data.chips import Chip
from ..geo_io.layer import check_output, replace_whole
from .layer_samples import LayerSamples
from .preview import COLOURS
from .preview_marks import load_font

MAX_CHIPS = 24
_CLASS_COLOURS = (
    *COLOURS,
    *("#4169ff", "#00b36b", "#c9a0ff", "#b5ff00", "#ffb3b3", "#7fffd4", "#c08040", "#9fb3ff"),
)
_COLUMNS = 6
_SIDE_PX = 256
_CAPTION_PX = 62
_GAP_PX = 8
_PAPER, _INK, _MUTED = "#14171c", "#f2f4f7", "#9aa4b2"


def write_contact_sheet(samples: LayerSamples, path: Path) -> None:
    """Write a PNG of up to ``MAX_CHIPS`` chips: every class is shown, and a quarter are validation chips.

    Args:
        samples: what to show.
        path: the picture; an existing one is replaced.

    Raises:
        OutputError: it cannot be written.
    """
    path = check_output(path, overwrite=True)
    picture = draw_contact_sheet(samples)
    with replace_whole(path) as part:
        picture.save(part, format="PNG")


def draw_contact_sheet(samples: LayerSamples) -> Image.Image:
    """Return the picture that :func:`write_contact_sheet` writes."""
    kept = _spread(samples.validation, MAX_CHIPS // 4)
    shown = [(chip, "training") for chip in _spread(samples.training, MAX_CHIPS - len(kept))]
    shown += [(chip, "validation") for chip in kept]
    colours = {name: _CLASS_COLOURS[index % len(_CLASS_COLOURS)] for index, name in enumerate(samples.classes)}
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    legend = _legend_lines(samples, columns * (_SIDE_PX + _GAP_PX))
    height = _GAP_PX + rows * (_SIDE_PX + _CAPTION_PX + _GAP_PX) + 24 * len(legend) + _GAP_PX
    sheet = Image.new("RGB", (max(columns, 2) * (_SIDE_PX + _GAP_PX) + _GAP_PX, height), _PAPER)
    for index, (chip, split) in enumerate(shown):
        x = _GAP_PX + (index % columns) * (_SIDE_PX + _GAP_PX)
        y = _GAP_PX + (index // columns) * (_SIDE_PX + _CAPTION_PX + _GAP_PX)
        sheet.paste(draw_chip(chip, colours), (x, y))
        _caption(ImageDraw.Draw(sheet), chip, split, x, y + _SIDE_PX + 4)
    draw = ImageDraw.Draw(sheet)
    y = height - 24 * len(legend) - _GAP_PX // 2
    for line in legend:
        x = _GAP_PX
        for name in line:
            draw.rectangle((x, y + 4, x + 12, y + 16), fill=colours[name])
            draw.text((x + 18, y + 2), name, fill=_INK, font=load_font(13))
            x += 40 + int(draw.textlength(name, font=load_font(13)))
        y += 24
    return sheet


def draw_chip(chip: Chip, colours: dict[str, str]) -> Image.Image:
    """Return a chip with the outlines of its objects, dark under bright."""
    picture = Image.fromarray(chip.image).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR)
    scale = _SIDE_PX / chip.image.shape[0]
    draw = ImageDraw.Draw(picture)
    for width, is_halo in ((3, True), (1, False)):
        for item in chip.objects:
            for ring in item.rings:
                points = [(float(x) * scale, float(y) * scale) for x, y in ring]
                draw.line([*points, points[0]], fill="#101010" if is_halo else colours[item.class_name], width=width)
    return picture


def _caption(draw: ImageDraw.ImageDraw, chip: Chip, split: str, x: int, y: int) -> None:
    count = len(chip.objects)
    head = f"{split}: {count} object{'' if count == 1 else 's'}"
    draw.text((x, y), head, fill=_INK if split == "training" else "#ffd500", font=load_font(13))
    lines = [f"“{written.text}”" for written in chip.expressions] or ["no expression"]
    if len(lines) > 2:
        lines = [lines[0], f"{lines[1]} +{len(lines) - 2}"]
    for number, line in enumerate(lines):
        draw.text((x, y + 18 + 17 * number), _fitted(draw, line), fill=_MUTED, font=load_font(12))


def _fitted(draw: ImageDraw.ImageDraw, text: str) -> str:
    font = load_font(12)
    if draw.textlength(text, font=font) <= _SIDE_PX:
        return text
    while text and draw.textlength(f"{text}…", font=font) > _SIDE_PX:
        text = text[:-1]
    return f"{text}…"


def _spread(chips: Sequence[Chip], count: int) -> list[Chip]:
    """Return up to ``count`` chips: first those with a class or an expression not shown yet, then the rest in order."""
    first: list[Chip] = []
    rest: list[Chip] = []
    seen: set[str] = set()
    for chip in sorted(chips, key=lambda item: (not item.expressions, not item.objects)):
        new = {item.class_name for item in chip.objects} - seen
        (first if new else rest).append(chip)
        seen |= new
    return [*first, *rest][:count]


def _legend_lines(samples: LayerSamples, width_px: int) -> list[list[str]]:
    lines: list[list[str]] = [[]]
    used = 0
    for name in samples.classes:
        wide = 50 + 8 * len(name)
        if used + wide > width_px and lines[-1]:
            lines.append([])
            used = 0
        lines[-1].append(name)
        used += wide
    return lines
