"""Values to XML text as the ecosystem writes it: a qualified root, plain elements, no attributes.

Indented, so that a line means something to whoever reads a fault.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from cuems.core.errors import CuemsError
from cuems.core.timecode import to_duration_text
from cuems.wire.xml_reader import CUEMS_NAMESPACE, XSI_NAMESPACE

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class UnwritableTextError(CuemsError):
    """A text that XML has no way to say."""

    def __init__(self, tag: str, text: str) -> None:
        self.tag = tag
        self.text = text
        super().__init__(f"<{tag}>: {text!r}: expected no control characters")


class XmlWriter:
    """Builds one document."""

    def __init__(self) -> None:
        self._lines = ["<?xml version='1.0' encoding='utf-8'?>"]
        self._indent = ""

    @contextmanager
    def root(self, tag: str, schema: str) -> Iterator[None]:
        """The root round what is written inside; `schema` is the file name of its schema."""
        location = f'xsi:schemaLocation="{CUEMS_NAMESPACE} {schema}"'
        names = f'xmlns:cms="{CUEMS_NAMESPACE}" xmlns:xsi="{XSI_NAMESPACE}" {location}'
        self._lines.append(f"<cms:{tag} {names}>")
        self._indent = " "
        yield
        self._lines.append(f"</cms:{tag}>\n")

    @contextmanager
    def element(self, tag: str) -> Iterator[None]:
        """An element round what is written inside."""
        outer = self._indent
        self._lines.append(f"{outer}<{tag}>")
        self._indent = f"{outer} "
        yield
        self._indent = outer
        self._lines.append(f"{outer}</{tag}>")

    def leaf(self, tag: str, value: str | int | float | None) -> None:
        """An element of text; booleans are True and False, None is an empty element."""
        text = "" if value is None else str(value)
        if UNWRITABLE.search(text):
            raise UnwritableTextError(tag, text)
        escaped = text.translate(ESCAPES)
        self._lines.append(f"{self._indent}<{tag}>{escaped}</{tag}>" if text else self._null(tag))

    def timecode(self, tag: str, flicks: int) -> None:
        """A duration, to the nearest millisecond, inside its CTimecode."""
        inner = f"<CTimecode>{to_duration_text(flicks)}</CTimecode>"
        self._lines.append(f"{self._indent}<{tag}>{inner}</{tag}>")

    def opaque(self, tag: str, xml: str | None) -> None:
        """An element that is kept as its own XML."""
        self._lines.append(self._null(tag) if xml is None else self._indent + xml)

    def null(self, tag: str) -> None:
        """An empty element."""
        self._lines.append(self._null(tag))

    def _null(self, tag: str) -> str:
        return f"{self._indent}<{tag}/>"

    def to_bytes(self) -> bytes:
        return "\n".join(self._lines).encode()
