"""XML text to elements that know their line, read strictly and refused fast when hostile.

expat streams the file once. An element whose tag has a converter becomes a value on its end tag
and lets its children go, so a script of any length costs the memory of its values and of one
cue's elements. Nothing is ever fetched: a document type declaration, the door to entities, ends
the reading where it stands.

expat and nothing above it, because it tells exact lines at any length and reads XML 1.1 headers.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NoReturn
from xml.parsers import expat

from cuems.wire.file_faults import Fault, ProjectFileError

CUEMS_NAMESPACE = "https://stagelab.coop/cuems/"
XSI_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"

MAX_FILE_BYTES = 16 * 1024 * 1024  # a script of 10 000 cues is 13 MB
MAX_DEPTH = 64  # a cue's deepest leaf is 7 below it, so lists may nest 26 deep
MAX_TEXT_CHARACTERS = 65_536  # of one text, one attribute, one opaque element
MAX_ELEMENTS = 16_384  # not yet converted; a DMX cue with its 512 channels has 1 560
MAX_FAULTS = 1000  # past this the file is not what it claims to be

DOC_VERSION = "doc_version"
ROOT_ATTRIBUTES = (
    DOC_VERSION,
    f"{XSI_NAMESPACE}}}schemaLocation",
    f"{XSI_NAMESPACE}}}noNamespaceSchemaLocation",
)
XML_VERSIONS = ("1.0", "1.1")
NO_ATTRIBUTES: Mapping[str, str] = {}

UTF_8_NAMES = ("utf-8", "utf8", "us-ascii")
UTF_8_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Element:
    """An element as read; `value` is what its converter made of it, or an opaque one's text."""

    __slots__ = ("attributes", "children", "line", "tag", "text", "value")

    def __init__(self, tag: str, line: int) -> None:
        self.tag = tag
        self.line = line
        self.text = ""
        self.children: list[Element] | tuple[()] = ()
        self.attributes = NO_ATTRIBUTES
        self.value: object = None


class RefusedError(Exception):
    """Reading this file is over; the fault that ended it is already noted."""


class Faults:
    """The faults of one file.

    An element does not know its parents (the cycle would cost more than all the checks), so a
    fault reported for it waits until `place` has found its path.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []
        self.waiting: list[tuple[Element, str, str]] = []
        self.root: Element | None = None

    def report(self, element: Element, value: str, expected: str) -> None:
        """Note a fault of an element. Raises RefusedError when there are too many."""
        self.waiting.append((element, value, expected))
        if len(self.found) + len(self.waiting) >= MAX_FAULTS:
            limit = f"fewer than {MAX_FAULTS} faults; reading stopped here"
            self.waiting.append((element, "", limit))
            raise RefusedError

    def add(self, line: int, path: str, value: str, expected: str) -> None:
        """Note a fault whose place is known."""
        self.found.append(
            Fault(file=self.file, line=line, path=path, value=value, expected=expected)
        )

    def place(self, top: Element, path: str) -> None:
        """Name the places of the faults that wait; all are of `top` or of elements below it."""
        faulty = {id(element) for element, _, _ in self.waiting}
        paths: dict[int, str] = {}
        unvisited = [(top, path)] if faulty else []
        while unvisited:
            element, path = unvisited.pop()
            if id(element) in faulty:
                paths[id(element)] = path
            count: Counter[str] = Counter()
            for child in element.children:
                count[child.tag] += 1
                unvisited.append((child, f"{path}/{step(child.tag, count[child.tag])}"))
        for element, value, expected in self.waiting:
            self.add(element.line, paths[id(element)], value, expected)
        self.waiting.clear()


def step(tag: str, index: int) -> str:
    """One step of a path: the local name, and which of its kind from the second on."""
    name = tag.rpartition("}")[2]
    return name if index == 1 else f"{name}[{index}]"


@contextmanager
def collected_faults(file: str) -> Iterator[Faults]:
    """Read on through faults; at the end, raise ProjectFileError if there were any."""
    faults = Faults(file)
    with suppress(RefusedError):
        yield faults
    if faults.root is not None:
        faults.place(faults.root, step(faults.root.tag, 1))
    if faults.found:
        raise ProjectFileError(faults.found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a format asks of the parser.

    `root` is the local name of the only qualified element, given to `begin` when its attributes
    are known. `opaque` elements are kept as text,
    whatever they contain. `attributes` are those an element may carry, by its tag.
    """

    root: str
    begin: Callable[[Element], object]
    converters: Mapping[str, Callable[[Element], object]] = field(default_factory=dict)
    opaque: Collection[str] = ()
    attributes: Mapping[str, Collection[str]] = field(default_factory=dict)


def read_xml(data: bytes, faults: Faults, vocabulary: Vocabulary) -> Element:
    """The root element; what is wrong with elements so far is noted in `faults`.

    Raises RefusedError if the file is not well-formed, not of this format, or hostile.
    """
    return _Document(faults, vocabulary).read(data)


class _Document:
    """The parser's callbacks, and the elements that are open."""

    def __init__(self, faults: Faults, vocabulary: Vocabulary) -> None:
        self._faults = faults
        self._vocabulary = vocabulary
        self._converters = vocabulary.converters
        self._watched = {*vocabulary.converters, *vocabulary.opaque}
        self._utf_16 = False
        self._data = b""
        self._top = Element("", 1)  # above the root, which will be its only child
        self._above: list[Element] = []
        self._texts: list[str] = []
        self._elements = 0
        self._elements_before: list[int] = []
        self._opaque_start = 0
        self._opaque_depth = 0
        self._parser = expat.ParserCreate("utf-8", "}")
        self._parser.buffer_text = True
        self._parser.buffer_size = MAX_TEXT_CHARACTERS  # so a longer text comes in pieces
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._watch_elements()

    def read(self, data: bytes) -> Element:
        if len(data) > MAX_FILE_BYTES:
            self._refuse(f"{len(data)} bytes", f"at most {MAX_FILE_BYTES} bytes")
        self._data = self._utf_8(data)
        try:
            self._parser.Parse(self._data, True)
        except expat.ExpatError as error:
            what = f"{expat.ErrorString(error.code)}, column {error.offset + 1}"
            self._faults.add(error.lineno, self._path(), "", f"well-formed XML ({what})")
            raise RefusedError from None
        finally:
            self._place(self._top)
        root = next(iter(self._top.children))
        self._faults.root = root
        return root

    def _utf_8(self, data: bytes) -> bytes:
        if not data.startswith(UTF_16_MARKS):
            return data.removeprefix(UTF_8_MARK)
        self._utf_16 = True
        try:
            return data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            self._refuse(f"byte {error.start}", "UTF-16 text after a UTF-16 mark")

    def _refuse(self, value: str, expected: str) -> NoReturn:
        self._faults.add(self._parser.CurrentLineNumber, self._path(), value, expected)
        raise RefusedError

    def _place(self, element: Element) -> None:
        """Place what has been reported about the innermost open element."""
        if self._faults.waiting:
            self._faults.place(element, self._path())

    def _path(self) -> str:
        """Where the parser stands; every open element is the last child of its parent."""
        steps = []
        for parent, child in pairwise((*self._above, self._top)):
            index = sum(sibling.tag == child.tag for sibling in parent.children)
            steps.append(step(child.tag, index))
        return "/".join(steps) or self._vocabulary.root

    def _declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        line = self._parser.CurrentLineNumber
        if version not in XML_VERSIONS:
            self._faults.add(line, self._path(), version, "XML version 1.0 or 1.1")
        known = {*UTF_8_NAMES, "utf-16"} if self._utf_16 else UTF_8_NAMES
        if encoding is not None and encoding.lower() not in known:
            self._refuse(encoding, "UTF-8, or UTF-16 with its mark")

    def _doctype(self, name: str, *_: object) -> None:
        self._refuse(f"<!DOCTYPE {name}", "no document type declaration")

    def _watch_elements(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._texts.append

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self._top
        element = self._top = Element(tag, self._parser.CurrentLineNumber)
        if self._texts:
            self._take_text(parent)
        if parent.children:
            parent.children.append(element)
        else:
            parent.children = [element]
        above = self._above
        above.append(parent)
        self._elements += 1
        if attributes or tag in self._watched or len(above) == 1:
            self._look_at(element, attributes)
        if len(above) > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            self._refuse("", f"at most {MAX_ELEMENTS} elements, {MAX_DEPTH} inside each other")

    def _end(self, tag: str) -> None:
        if self._texts:
            self._take_text(self._top)
        if tag in self._converters:
            self._convert(self._top)
        self._top = self._above.pop()

    def _take_text(self, element: Element) -> None:
        """Give an element the text before its end or its next child, but not its indentation."""
        text = self._texts.pop()
        if self._texts:
            self._refuse(text, f"at most {MAX_TEXT_CHARACTERS} characters")
        if not (element.children and text.isspace()):
            element.text += text

    def _convert(self, element: Element) -> None:
        element.value = self._converters[element.tag](element)
        self._place(element)
        element.children = ()
        self._elements = self._elements_before.pop()

    def _look_at(self, element: Element, attributes: dict[str, str]) -> None:
        """What only few elements need."""
        element.attributes = attributes
        if len(self._above) == 1:
            self._begin(element)
        if element.tag in self._converters:
            self._elements_before.append(self._elements)
        elif element.tag in self._watched:
            self._watch_opaque()
        of_kind = self._vocabulary.attributes.get(element.tag, ())
        allowed = ROOT_ATTRIBUTES if len(self._above) == 1 else of_kind
        for name, value in attributes.items():
            if len(value) > MAX_TEXT_CHARACTERS:
                self._refuse(value, f"at most {MAX_TEXT_CHARACTERS} characters")
            if name not in allowed:
                self._faults.report(element, f"{name}={value}", "no such attribute")
        self._place(element)

    def _begin(self, root: Element) -> None:
        namespace, _, name = root.tag.rpartition("}")
        if name != self._vocabulary.root:
            self._refuse(name, f"the root element {self._vocabulary.root}")
        if namespace != CUEMS_NAMESPACE:
            self._faults.report(root, namespace, f"the namespace {CUEMS_NAMESPACE}")
        self._vocabulary.begin(root)

    def _watch_opaque(self) -> None:
        self._opaque_start = self._parser.CurrentByteIndex
        self._opaque_depth = 0
        self._parser.StartElementHandler = self._start_in_opaque
        self._parser.EndElementHandler = self._end_in_opaque
        self._parser.CharacterDataHandler = None

    def _start_in_opaque(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._opaque_depth += 1
        if len(self._above) + self._opaque_depth > MAX_DEPTH:
            self._refuse("", f"at most {MAX_DEPTH} elements inside each other")

    def _end_in_opaque(self, tag: str) -> None:
        if self._opaque_depth > 0:
            self._opaque_depth -= 1
            return
        self._keep_opaque(self._top, tag)
        self._watch_elements()
        self._end(tag)

    def _keep_opaque(self, element: Element, tag: str) -> None:
        """Keep its text, None if it is empty, as long as it means the same in another file."""
        end = self._parser.CurrentByteIndex
        raw = self._data[self._opaque_start : end]
        closing = f"</{tag}".encode()
        if self._data.startswith(closing, end):
            raw += closing + b">"
        if len(raw) > MAX_TEXT_CHARACTERS:
            self._refuse("", f"at most {MAX_TEXT_CHARACTERS} bytes")
        if b":" in raw and not _is_self_contained(raw):
            self._faults.report(element, raw.decode(), "no prefix but those it declares itself")
        if raw not in (f"<{tag}/>".encode(), f"<{tag} />".encode(), f"<{tag}></{tag}>".encode()):
            element.value = raw.decode()
        self._place(element)


def _is_self_contained(raw: bytes) -> bool:
    names = f'xmlns:cms="{CUEMS_NAMESPACE}" xmlns:xsi="{XSI_NAMESPACE}"'.encode()
    try:
        expat.ParserCreate("utf-8", "}").Parse(b"<_ %b>%b</_>" % (names, raw), True)
    except expat.ExpatError:
        return False
    return True
