"""display.conf → where each connector lies on the canvas. Source: interop.md 5.7.

Lines before the first section are global; sections are `[output:CONNECTOR]`. What a section says
wrong costs that section only and is told in `ignored`, since the other outputs still show.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cuems.wire.file_faults import Fault, ProjectFileError

MAX_FILE_BYTES = 65_536
SECTION = re.compile(r"\[([^\]]*)\]")
OUTPUT_SECTION = re.compile(r"output:(\S+)")
REGION = re.compile(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", re.A)
SIZE = re.compile(r"\s*(\d{1,6})\s*x\s*(\d{1,6})\s*", re.A)
REFRESH = re.compile(r"\s*\d{1,4}(\.\d{1,6})?\s*", re.A)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayOutput:
    """A connector and its part of the canvas, pixels."""

    connector: str
    x: int
    y: int
    width: int
    height: int
    resolution: tuple[int, int] | None = None
    refresh_hz: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayConf:
    """A node's canvas and the outputs on it."""

    canvas_width: int
    canvas_height: int
    outputs: tuple[DisplayOutput, ...]
    ignored: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Section:
    """A section as read: the line and the value of each key."""

    name: str
    line: int
    keys: dict[str, tuple[int, str]] = field(default_factory=dict)


def read_display_conf(data: bytes, name: str) -> DisplayConf:
    """The outputs of a node.

    Raises ProjectFileError if nothing usable is there or the canvas can't hold it.
    """
    return _DisplayConfReader(name).read(data)


class _DisplayConfReader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._ignored: list[Fault] = []

    def read(self, data: bytes) -> DisplayConf:
        sections = list(self._sections(self._text(data)))
        head = sections[0]
        outputs = [found for section in sections[1:] if (found := self._output(section))]
        if not outputs:
            none = self._fault(1, "", "", "an [output:CONNECTOR] with a canvas_region=x,y,w,h")
            raise ProjectFileError([none, *self._ignored])
        width, height = self._canvas(head, outputs)
        return DisplayConf(
            canvas_width=width,
            canvas_height=height,
            outputs=tuple(outputs),
            ignored=tuple(self._ignored),
        )

    def _fault(self, line: int, path: str, value: str, expected: str) -> Fault:
        return Fault(file=self._file, line=line, path=path, value=value, expected=expected)

    def _ignore(self, line: int, path: str, value: str, expected: str) -> None:
        self._ignored.append(self._fault(line, path, value, expected))

    def _text(self, data: bytes) -> str:
        if len(data) > MAX_FILE_BYTES:
            most = f"at most {MAX_FILE_BYTES} bytes"
            raise ProjectFileError([self._fault(1, "", f"{len(data)} bytes", most)])
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            fault = self._fault(line, "", f"byte {error.start}", "UTF-8 text")
            raise ProjectFileError([fault]) from None

    def _sections(self, text: str) -> Iterator[_Section]:
        """The global lines as a section without a name, then the others."""
        section = _Section("", 1)
        for line, raw in enumerate(text.split("\n"), 1):
            content = raw.strip()
            if not content or content.startswith(("#", ";")):
                continue
            heading = SECTION.fullmatch(content)
            key, equals, value = content.partition("=")
            if heading is not None:
                yield section
                section = _Section(heading[1], line)
            elif equals:
                section.keys[key.strip()] = (line, value.strip())
            else:
                self._ignore(line, section.name, content, "key=value or [output:CONNECTOR]")
        yield section

    def _output(self, section: _Section) -> DisplayOutput | None:
        heading = OUTPUT_SECTION.fullmatch(section.name)
        if heading is None:
            return None
        line, text = section.keys.get("canvas_region", (section.line, ""))
        region = REGION.fullmatch(text)
        x, y, width, height = (0, 0, 0, 0) if region is None else map(int, region.groups())
        if width < 1 or height < 1:
            self._ignore(line, f"{section.name}/canvas_region", text, "x,y,w,h in pixels")
            return None
        return DisplayOutput(
            connector=heading[1],
            x=x,
            y=y,
            width=width,
            height=height,
            resolution=self._resolution(section),
            refresh_hz=self._refresh(section),
        )

    def _resolution(self, section: _Section) -> tuple[int, int] | None:
        line, text = section.keys.get("resolution", (0, None))
        if text is None:
            return None
        size = SIZE.fullmatch(text)
        if size is None:
            self._ignore(line, f"{section.name}/resolution", text, "WIDTHxHEIGHT")
            return None
        return int(size[1]), int(size[2])

    def _refresh(self, section: _Section) -> float | None:
        line, text = section.keys.get("refresh", (0, None))
        if text is None:
            return None
        if REFRESH.fullmatch(text) is None:
            self._ignore(line, f"{section.name}/refresh", text, "a rate in Hz")
            return None
        return float(text)

    def _canvas(self, head: _Section, outputs: list[DisplayOutput]) -> tuple[int, int]:
        """The canvas said, if it holds all outputs, else the one round them."""
        width = max(output.x + output.width for output in outputs)
        height = max(output.y + output.height for output in outputs)
        line, text = head.keys.get("canvas_size", (0, None))
        if text is None:
            return width, height
        size = SIZE.fullmatch(text)
        if size is None or int(size[1]) < width or int(size[2]) < height:
            least = f"WIDTHxHEIGHT of at least {width}x{height}"
            raise ProjectFileError([self._fault(line, "canvas_size", text, least)])
        return int(size[1]), int(size[2])
