"""SVG text: an element a line, figures to a tenth: the same drawing is the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from xml.sax.saxutils import escape, quoteattr

Figure = int | float
Value = str | Figure


class Svg:
    """A drawing of `width` by `height` pixels."""

    def __init__(self, width: Figure, height: Figure, style: str) -> None:
        self._lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{figure(width)}"'
            f' height="{figure(height)}" viewBox="0 0 {figure(width)} {figure(height)}">',
            f"<style>{escape(style)}</style>",
        ]

    def raw(self, text: str) -> None:
        """Something that is SVG already."""
        self._lines.append(text)

    def text(self, x: Figure, y: Figure, text: str, css: str = "", **attributes: Value) -> None:
        """A text whose base line begins at x, y."""
        placed = _attributes({"x": x, "y": y, "class": css, **attributes})
        self._lines.append(f"<text{placed}>{escape(text)}</text>")

    def rect(
        self,
        x: Figure,
        y: Figure,
        width: Figure,
        height: Figure,
        css: str = "",
        *,
        title: str = "",
        **attributes: Value,
    ) -> None:
        """A rectangle; `title` is shown when it is pointed at."""
        placed = _attributes(
            {"x": x, "y": y, "width": width, "height": height, "class": css, **attributes}
        )
        self._lines.append(f"<rect{placed}{_with_title('rect', title)}")

    def path(self, d: str, css: str = "", *, title: str = "", **attributes: Value) -> None:
        """A path, in SVG's own words."""
        placed = _attributes({"d": d, "class": css, **attributes})
        self._lines.append(f"<path{placed}{_with_title('path', title)}")

    @contextmanager
    def group(self, css: str = "", **attributes: Value) -> Iterator[None]:
        """What is drawn inside belongs together."""
        self._lines.append(f"<g{_attributes({'class': css, **attributes})}>")
        yield
        self._lines.append("</g>")

    def to_text(self) -> str:
        """The whole file."""
        return "\n".join([*self._lines, "</svg>", ""])


def figure(value: Figure) -> str:
    """A figure to a tenth, without a needless one."""
    return f"{value:.1f}".removesuffix(".0")


def _attributes(attributes: dict[str, Value]) -> str:
    return "".join(
        f" {name.replace('_', '-')}={_quoted(value)}"
        for name, value in attributes.items()
        if value != ""
    )


def _quoted(value: Value) -> str:
    return quoteattr(value) if isinstance(value, str) else f'"{figure(value)}"'


def _with_title(element: str, title: str) -> str:
    return f"><title>{escape(title)}</title></{element}>" if title else "/>"
