"""The faults of an XML file, and where the elements that have them stand."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from xml.etree.ElementTree import Element
from xml.parsers import expat

from cuems.wire.file_faults import Fault

MAX_FAULTS = 1000  # past this the file is not what it claims to be
KEPT_CHARACTERS = 200  # of a faulty value


class RefusedError(Exception):
    """Reading this file is over; the fault that ended it is already noted."""


class Faults:
    """The faults of one file.

    An element knows neither its line nor its parents, so what is reported of it waits until
    `place` is told where it stands.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []
        self.waiting: list[tuple[Element, str, str]] = []

    def report(self, element: Element, value: str, expected: str) -> None:
        """Note a fault of an element. Raises RefusedError when there are too many."""
        self.waiting.append((element, value[:KEPT_CHARACTERS], expected))
        if len(self.found) + len(self.waiting) >= MAX_FAULTS:
            limit = f"fewer than {MAX_FAULTS} faults; reading stopped here"
            self.waiting.append((element, "", limit))
            raise RefusedError

    def add(self, line: int, path: str, value: str, expected: str) -> None:
        """Note a fault whose place is known."""
        self.found.append(
            Fault(file=self.file, line=line, path=path, value=value, expected=expected)
        )

    def place(self, places: Mapping[Element, tuple[int, str]]) -> None:
        """Note the faults that wait, with the line and the path of their element."""
        for element, value, expected in self.waiting:
            line, path = places[element]
            self.add(line, path, value, expected)
        self.waiting.clear()


def walk(element: Element, path: str) -> Iterator[tuple[Element, str]]:
    """An element and all below it, in file order, with their paths."""
    yield element, path
    seen: Counter[str] = Counter()
    for child in element:
        seen[child.tag] += 1
        yield from walk(child, f"{path}/{step(child.tag, seen[child.tag])}")


def step(tag: str, index: int) -> str:
    """One step of a path: the local name, and which of its kind from the second on."""
    name = tag.rpartition("}")[2]
    return name if index == 1 else f"{name}[{index}]"


def element_lines(raw: bytes, first_line: int, closed: Collection[str]) -> list[int]:
    """The line of every element in a piece of a file that begins with an element, in file order.

    What is inside those of the tags `closed`, but for the first element, is left out.
    """
    lines: list[int] = []
    depth_in_closed = 0

    def on_start(tag: str, _attributes: object) -> None:
        nonlocal depth_in_closed
        if depth_in_closed == 0:
            lines.append(first_line + parser.CurrentLineNumber - 1)
        if depth_in_closed or (tag in closed and len(lines) > 1):
            depth_in_closed += 1

    def on_end(_tag: str) -> None:
        nonlocal depth_in_closed
        depth_in_closed = max(depth_in_closed - 1, 0)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.Parse(raw, False)
    return lines
