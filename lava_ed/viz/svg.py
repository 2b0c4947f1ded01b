"""Figures as SVG inside a page: colours of the page's theme, ids of their own, hints on their parts."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, Final
from xml.etree import ElementTree

from lava_ed.plain_text import visible
from lava_ed.viz.plot import Plot
from lava_ed.viz.style import PALETTE

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_HREF: Final = f"{{{_XLINK}}}href"
_THEME: Final = {
    **{colour.lower(): f"var(--c{k})" for k, colour in enumerate(PALETTE)},
    "#000000": "var(--ink)",
    "#bbbbbb": "var(--line)",
    "#dddddd": "var(--line)",
    "#ffffff": "var(--paper)",
}
"""Colours of the figures, and the variables of the page's style sheet that take their place."""
_ADAPTED: Final = ("style", "fill", "stroke", "clip-path", "d", "x", "y", "transform")
_REFERENCE: Final = re.compile(r"url\(#([^)]+)\)")
_USED: Final = re.compile(r"(?:url\(#|href=\"#)([^)\"]+)")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}\b")
_FONT: Final = re.compile(r"font-family:[^;\"]*")
_FONT_SHORT: Final = re.compile(r"font:\s*([^;'\"]*?)\s*'[^;]*")
_NUMBER: Final = re.compile(r"-?\d+\.\d{3,}")


def inline_svg(plot: Plot) -> str:
    """The figure of a plot as an `<svg>` element.

    Its size follows the page (only a viewBox is kept), text stays text in the page's font, colours
    become variables of the page's style sheet, and every artist with a hint gets it as `data-hint`.
    """
    root = ElementTree.fromstring(_raw(plot))
    for child in list(root):
        if child.tag.endswith("}metadata") or child.find(f"{{{_SVG}}}style") is not None:
            root.remove(child)
    width = root.get("viewBox", "0 0 0 0").split()[2]
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-label": visible(plot.alt), "style": f"--natural: {float(width):.0f}"}
    used = set(_USED.findall(ElementTree.tostring(root, encoding="unicode")))
    for element in root.iter():
        _adapt(element, plot, used)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _raw(plot: Plot) -> bytes:
    """The figure as matplotlib writes it, with ids that depend on the plot alone."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = BytesIO()
    backgrounds = [plot.figure.patch, *(ax.patch for ax in plot.figure.axes)]
    for background in backgrounds:
        background.set_visible(False)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": plot.key}):
        canvas: Any = FigureCanvasSVG(plot.figure)
        canvas.print_svg(buffer, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    for background in backgrounds:
        background.set_visible(True)
    return buffer.getvalue()


def _adapt(element: ElementTree.Element, plot: Plot, used: set[str]) -> None:
    """Adapt ids, references, colours, fonts and hints of one element; an id that nobody uses goes."""
    name = element.get("id", "")
    if name in plot.hints:
        element.set("data-hint", "\n".join(visible(line) for line in plot.hints[name].split("\n")))
    if name in used:
        element.set("id", f"{plot.key}.{name}")
    elif name:
        del element.attrib["id"]
    if element.get(_HREF, "").startswith("#"):
        element.set(_HREF, f"#{plot.key}.{element.get(_HREF, '')[1:]}")
    for key in _ADAPTED:
        if value := element.get(key):
            element.set(key, _adapt_value(value, plot.key))


def _adapt_value(value: str, key: str) -> str:
    """References, colours, fonts and numbers of one attribute."""
    value = _REFERENCE.sub(lambda match: f"url(#{key}.{match[1]})", value)
    value = _COLOUR.sub(lambda match: _THEME.get(match[0].lower(), match[0]), value)
    value = _FONT.sub("font-family: inherit", value)
    value = _FONT_SHORT.sub(lambda match: f"font-size: {match[1].split()[-1]}", value)
    value = _NUMBER.sub(lambda match: f"{float(match[0]):.2f}", value)
    return " ".join(value.split())
