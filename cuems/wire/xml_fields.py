"""What an element may contain and say: structure and simple types, every breach noted.

The types are those of the ecosystem's schema: True and False are its booleans, an empty element
is null, ids are lower-case version 4 UUIDs. A reading method always returns a value of its type,
so that reading goes on after a fault; the file is refused at the end. It takes None for an
element that is missing, which `children` has noted already.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import TypeVar
from xml.etree.ElementTree import Element

from cuems.core.timecode import from_duration_text
from cuems.wire.xml_faults import Faults
from cuems.wire.xml_reader import DOC_VERSION

T = TypeVar("T")

UUID = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}")
UUID_4 = re.compile(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}")
INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*")
DURATION = re.compile(r"[0-9]{2}:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}")
DOC_VERSIONS = {"1": 1, "2": 2}
CTIMECODE = ("CTimecode",)
MAX_TEXT_CHARACTERS = 4096  # what has no limit of its own; the longest are paths
MAX_INTEGER = 2**31 - 1  # what OSC can say to a player
SMALL_INTEGERS = frozenset(map(str, range(512)))  # most of them are, and need no pattern
BOOLEANS = {"True": True, "False": False}


@dataclass(frozen=True, slots=True)
class Layout:
    """The children of an element, in their order.

    Those of `optional` may be absent, those of `many`, where any order goes, stand repeatedly.
    `valid` has every sequence that this allows in order.
    """

    tags: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    many: frozenset[str] = frozenset()
    valid: frozenset[tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        choices = [(tag, None) if tag in self.optional else (tag,) for tag in self.tags]
        valid = (tuple(tag for tag in tags if tag is not None) for tags in product(*choices))
        object.__setattr__(self, "valid", frozenset(valid))

    def __add__(self, other: "Layout") -> "Layout":
        return Layout(self.tags + other.tags, self.optional | other.optional)


@lru_cache(maxsize=4096)
def to_flicks(text: str) -> int:
    """Flicks of `HH:MM:SS.mmm` as the schema has it. Raises ValueError for anything else."""
    if DURATION.fullmatch(text) is None:
        raise ValueError(text)
    return from_duration_text(text)


def is_empty(element: Element) -> bool:
    """Whether it is the schema's null."""
    return not len(element) and not (element.text or "").strip()


class FieldReader:
    """Reads the elements of one file, noting what is wrong with them."""

    def __init__(self, faults: Faults) -> None:
        self.report = faults.report

    def parts(self, element: Element, layout: Layout) -> Sequence[Element | None]:
        """The children in the layout's order, None where an optional or a missing one would be."""
        children = list(element)
        tags = tuple([child.tag for child in children])
        if tags == layout.tags:
            return children
        found = dict(zip(tags, children, strict=True))
        if tags not in layout.valid:
            self._report_presence(element, layout)
            self._report_order(element, layout)
        return [found.get(tag) for tag in layout.tags]

    def any_order(self, element: Element, layout: Layout) -> Sequence[Element | None]:
        """The children in the layout's order, in whatever order they stand."""
        self._report_presence(element, layout)
        found = {child.tag: child for child in element}
        return [found.get(tag) for tag in layout.tags]

    def items(self, element: Element | None, tags: Collection[str]) -> Sequence[Element]:
        """The children of an element that lists any number of these."""
        if element is None:
            return ()
        found = [child for child in element if child.tag in tags]
        if not found and not len(element) and not is_empty(element):
            self.report(element, element.text or "", "elements only, no text")
        if len(found) < len(element):
            for child in element:
                if child.tag not in tags:
                    self.report(child, child.tag, " or ".join(f"<{tag}>" for tag in tags))
        return found

    def text(self, element: Element | None, low: int = 0, high: int = MAX_TEXT_CHARACTERS) -> str:
        """Text of `low` to `high` characters, as it stands."""
        if element is None:
            return ""
        if len(element):
            self._no_elements(element)
        text = element.text or ""
        if not low <= len(text) <= high:
            self.report(element, text, f"{low} to {high} characters")
        return text

    def boolean(self, element: Element | None) -> bool:
        return self.member(element, BOOLEANS, default=False)

    def integer(self, element: Element | None, low: int, high: int = MAX_INTEGER) -> int:
        if element is None:
            return low
        if len(element):
            self._no_elements(element)
        text = element.text or ""
        if text in SMALL_INTEGERS or INTEGER.fullmatch(text) is not None:
            value = int(text)
            if low <= value <= high:
                return value
        self.report(element, text, _range("a whole number", low, high))
        return low

    def number(
        self,
        element: Element | None,
        low: float = -math.inf,
        high: float = math.inf,
        default: float = 0.0,
    ) -> float:
        """A finite number in a range; `default` if it is not."""
        if element is None:
            return default
        text = self.text(element)
        if NUMBER.fullmatch(text) is not None:
            value = float(text)
            if math.isfinite(value) and low <= value <= high:
                return value
        self.report(element, text, _range("a number", low, high))
        return default

    def percent(self, element: Element | None) -> int:
        return self.integer(element, 0, 100)

    def uuid_4(self, element: Element | None) -> str:
        text = self.text(element)
        if element is not None and UUID_4.fullmatch(text) is None:
            self.report(element, text, "a lower-case version 4 UUID")
        return text

    def reference(self, element: Element | None) -> str | None:
        """The UUID of something else, None for an empty element."""
        text = self.text(element)
        if text and element is not None and UUID.fullmatch(text) is None:
            self.report(element, text, "a lower-case UUID, or nothing")
        return text or None

    def member(self, element: Element | None, values: Mapping[str, T], default: T) -> T:
        """One of an enumeration's values."""
        if element is None:
            return default
        text = self.text(element)
        if text not in values:
            self.report(element, text, "one of " + ", ".join(values))
        return values.get(text, default)

    def timecode(self, element: Element | None) -> int:
        """Flicks of `<CTimecode>HH:MM:SS.mmm</CTimecode>`; 0 for an empty element."""
        inner = self.items(element, CTIMECODE)
        for extra in inner[1:]:
            self.report(extra, extra.tag, "one <CTimecode>")
        return self.bare_timecode(inner[0]) if inner else 0

    def bare_timecode(self, element: Element | None) -> int:
        """Flicks of `HH:MM:SS.mmm`; 0 for an empty element."""
        text = self.text(element)
        if not text or element is None:
            return 0
        try:
            return to_flicks(text)
        except ValueError:
            self.report(element, text, "HH:MM:SS.mmm")
            return 0

    def opaque(self, element: Element | None) -> str | None:
        """The text of an element that is kept as it stands, None if it is empty."""
        return None if element is None else element.text

    def doc_version(self, root: Element) -> int:
        """The schema version a root declares; it says nothing in version 1."""
        version = root.get(DOC_VERSION, "1")
        if version not in DOC_VERSIONS:
            self.report(root, version, f"{DOC_VERSION} 1 or 2")
        return DOC_VERSIONS.get(version, 1)

    def _report_presence(self, element: Element, layout: Layout) -> None:
        known = set(layout.tags)
        seen: set[str] = set()
        for child in element:
            if child.tag not in known:
                self.report(child, child.tag, f"no such element in <{element.tag}>")
            elif child.tag in seen and child.tag not in layout.many:
                self.report(child, child.tag, f"one <{child.tag}> only")
            seen.add(child.tag)
        for tag in layout.tags:
            if tag not in seen and tag not in layout.optional:
                self.report(element, "", f"an element <{tag}>")

    def _report_order(self, element: Element, layout: Layout) -> None:
        reached = -1
        for child in element:
            if child.tag not in layout.tags:
                continue
            index = layout.tags.index(child.tag)
            if index < reached:
                self.report(child, child.tag, f"<{child.tag}> before <{layout.tags[reached]}>")
            reached = max(reached, index)

    def _no_elements(self, element: Element) -> None:
        for child in element:
            self.report(child, child.tag, f"text only in <{element.tag}>")


def _range(what: str, low: float, high: float) -> str:
    if low == -math.inf and high == math.inf:
        return what
    return f"{what} from {low} to {high}"
