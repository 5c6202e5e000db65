"""XML text to elements, read strictly and refused fast when hostile.

expat streams the file once. A watched element is handed over at its end tag and then lets its
children go, so a script of any length costs the memory of its values and of one cue's elements.
Nothing is ever fetched: a document type declaration, the door to entities, ends the reading.

expat with the C tree builder, and nothing above them: a cue's elements are built without a
Python object each, XML 1.1 headers are read, and lines are exact at any length. An element does
not carry its line. Only when one is at fault is the watched element round it parsed again.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cuems.wire.file_faults import ProjectFileError
from cuems.wire.xml_faults import Faults, RefusedError, element_lines, step, walk

CUEMS_NAMESPACE = "https://stagelab.coop/cuems/"
XSI_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"

MAX_FILE_BYTES = 16 * 1024 * 1024  # a script of 10 000 cues is 13 MB
MAX_DEPTH = 64  # a cue's deepest leaf is 7 below it, so lists may nest 26 deep
MAX_ELEMENTS = 16_384  # at once; a DMX cue with its 512 channels has 1 560
MAX_OPAQUE_BYTES = 65_536
MAX_TAG_BYTES = 262_144  # with all its attributes
CHUNK_BYTES = 65_536

XML_VERSIONS = ("1.0", "1.1")
UTF_8_NAMES = ("utf-8", "utf8", "us-ascii")
UTF_8_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
DOC_VERSION = "doc_version"
ROOT_ATTRIBUTES = (
    DOC_VERSION,
    f"{XSI_NAMESPACE}}}schemaLocation",
    f"{XSI_NAMESPACE}}}noNamespaceSchemaLocation",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a format asks of the parser.

    `root` is the local name of the only qualified element; `begin` gets it when its attributes
    are known. `converters` get the elements of their tags when complete, with their line.
    `opaque` elements become their own XML text, empty if they are. `attributes` are those an
    element may carry, by its tag.
    """

    root: str
    begin: Callable[[Element], object]
    converters: Mapping[str, Callable[[Element, int], object]] = field(default_factory=dict)
    opaque: Collection[str] = ()
    attributes: Mapping[str, Collection[str]] = field(default_factory=dict)


def read_xml(
    data: bytes, faults: Faults, vocabulary: Vocabulary, read_root: Callable[[Element], T]
) -> T:
    """What `read_root` makes of the root element of a file that has no fault.

    Raises ProjectFileError with all faults: the elements', or the one that ended the reading
    because the file is not well-formed, not of this format, or hostile.
    """
    document = _Document(faults, vocabulary)
    try:
        value = document.read(data, read_root)
    except RefusedError:
        raise ProjectFileError(faults.found) from None
    finally:
        document.release()
    if faults.found:
        raise ProjectFileError(faults.found)
    return value


class _Start(NamedTuple):
    """Where an element begins, how deep, and how many elements there are with it."""

    line: int
    byte: int
    depth: int
    elements: int


class _Document:
    """The parser's callbacks. Every open element is the last child of its parent."""

    def __init__(self, faults: Faults, vocabulary: Vocabulary) -> None:
        self._faults = faults
        self._vocabulary = vocabulary
        self._watched = {*vocabulary.converters, *vocabulary.opaque}
        self._utf_16 = False
        self._data = b""
        self._root = Element(vocabulary.root)
        self._depth = 0
        self._elements = 0
        self._starts: list[_Start] = []
        builder = TreeBuilder()
        self._open = builder.start
        self._close = builder.end
        self._parser = parser = expat.ParserCreate("utf-8", "}")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start_root
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = builder.data

    def read(self, data: bytes, read_root: Callable[[Element], T]) -> T:
        if len(data) > MAX_FILE_BYTES:
            self._refuse(f"{len(data)} bytes", f"at most {MAX_FILE_BYTES} bytes")
        self._data = self._utf_8(data)
        try:
            self._parse()
        except expat.ExpatError as error:
            what = f"{expat.ErrorString(error.code)}, column {error.offset + 1}"
            self._faults.add(error.lineno, self._path(), "", f"well-formed XML ({what})")
            raise RefusedError from None
        self._depth = 1
        try:
            self._check_text(self._root)
            return read_root(self._root)
        finally:
            self._place(self._root, _Start(line=1, byte=0, depth=1, elements=1))

    def _parse(self) -> None:
        for start in range(0, len(self._data), CHUNK_BYTES):
            chunk = self._data[start : start + CHUNK_BYTES]
            self._parser.Parse(chunk, False)
            if start + len(chunk) - self._parser.CurrentByteIndex > MAX_TAG_BYTES:
                self._refuse("", f"at most {MAX_TAG_BYTES} bytes in one tag or comment")
        self._parser.Parse(b"", True)

    def release(self) -> None:
        """Let the file's text go: the parser and this refer to each other and may live on."""
        self._data = b""

    def _utf_8(self, data: bytes) -> bytes:
        if not data.startswith(UTF_16_MARKS):
            return data.removeprefix(UTF_8_MARK)
        self._utf_16 = True
        try:
            return data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            self._refuse(f"byte {error.start}", "UTF-16 text after a UTF-16 mark")

    def _declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version not in XML_VERSIONS:
            self._refuse(version, "XML version 1.0 or 1.1")
        known = {*UTF_8_NAMES, "utf-16"} if self._utf_16 else UTF_8_NAMES
        if encoding is not None and encoding.lower() not in known:
            self._refuse(encoding, "UTF-8, or UTF-16 with its mark")

    def _doctype(self, name: str, *_: object) -> None:
        self._refuse(f"<!DOCTYPE {name}", "no document type declaration")

    def _start_root(self, tag: str, attributes: dict[str, str]) -> None:
        self._parser.StartElementHandler = self._start
        root = self._root = self._open(tag, attributes)
        self._depth = self._elements = 1
        namespace, _, name = tag.rpartition("}")
        if name != self._vocabulary.root:
            self._refuse(name, f"the root element {self._vocabulary.root}")
        if namespace != CUEMS_NAMESPACE:
            self._faults.report(root, namespace, f"the namespace {CUEMS_NAMESPACE}")
        self._check_attributes(root, ROOT_ATTRIBUTES)
        self._vocabulary.begin(root)
        self._place(root, self._here())

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = self._open(tag, attributes)
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            self._refuse_size()
        if attributes and tag not in self._vocabulary.opaque:
            self._check_attributes(element, self._vocabulary.attributes.get(tag, ()))
        if tag in self._watched:
            self._starts.append(self._here())
            if tag in self._vocabulary.opaque:
                self._parser.StartElementHandler = self._start_in_opaque
                self._parser.EndElementHandler = self._end_in_opaque

    def _end(self, tag: str) -> None:
        element = self._close(tag)
        if tag in self._watched:
            self._finish(element)
        self._depth -= 1

    def _start_in_opaque(self, tag: str, attributes: dict[str, str]) -> None:
        self._open(tag, attributes)
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            self._refuse_size()

    def _end_in_opaque(self, tag: str) -> None:
        if self._depth > self._starts[-1].depth:
            self._close(tag)
            self._depth -= 1
            return
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._end(tag)

    def _refuse_size(self) -> NoReturn:
        self._refuse("", f"at most {MAX_ELEMENTS} elements, {MAX_DEPTH} inside each other")

    def _here(self) -> _Start:
        return _Start(
            line=self._parser.CurrentLineNumber,
            byte=self._parser.CurrentByteIndex,
            depth=self._depth,
            elements=self._elements,
        )

    def _check_attributes(self, element: Element, allowed: Collection[str]) -> None:
        try:
            for name, value in element.items():
                if name not in allowed:
                    self._faults.report(element, f"{name}={value}", "no such attribute")
        finally:
            self._place(element, self._here())

    def _finish(self, element: Element) -> None:
        start = self._starts.pop()
        try:
            if element.tag in self._vocabulary.converters:
                self._check_text(element)
                self._vocabulary.converters[element.tag](element, start.line)
                text = None
            else:
                text = self._opaque_text(element, start)
        finally:
            self._place(element, start)
        element.clear()
        element.text = text
        self._elements = start.elements

    def _check_text(self, element: Element) -> None:
        """Nothing but indentation stands before the first or after any child."""
        between = {below.tail for below in element.iter()}
        between.update([below.text for below in element.iter() if len(below)])
        if all(text is None or text.isspace() for text in between):
            return
        for below in element.iter():
            for text in (below.text if len(below) else None, *(child.tail for child in below)):
                if text is not None and not text.isspace():
                    self._faults.report(below, text.strip(), "elements only, no text")

    def _opaque_text(self, element: Element, start: _Start) -> str | None:
        """Its own XML, None if it is empty; it has to mean the same in another file."""
        end = self._parser.CurrentByteIndex
        raw = self._data[start.byte : end]
        closing = f"</{element.tag}".encode()
        if self._data.startswith(closing, end):
            raw += closing + b">"
        if len(raw) > MAX_OPAQUE_BYTES:
            self._refuse("", f"at most {MAX_OPAQUE_BYTES} bytes")
        if not (len(element) or element.text or element.keys()):
            return None
        if b":" in raw and not _is_self_contained(raw):
            self._faults.report(element, raw.decode(), "no prefix but those it declares itself")
        return raw.decode()

    def _refuse(self, value: str, expected: str) -> NoReturn:
        line = self._parser.CurrentLineNumber
        self._faults.add(line, self._path(), value, expected)
        raise RefusedError

    def _path(self) -> str:
        """The path of the innermost open element."""
        element = self._root
        steps = [step(element.tag, 1)]
        for _ in range(self._depth - 1):
            parent, element = element, element[-1]
            index = sum(sibling.tag == element.tag for sibling in parent)
            steps.append(step(element.tag, index))
        return "/".join(steps)

    def _place(self, element: Element, start: _Start) -> None:
        """Place what has been reported of the innermost watched element."""
        if self._faults.waiting:
            raw = self._data[start.byte : self._parser.CurrentByteIndex]
            lines = element_lines(raw, start.line, self._watched) or [start.line]
            walked = zip(walk(element, self._path()), lines, strict=False)
            self._faults.place({found: (line, path) for (found, path), line in walked})


def _is_self_contained(raw: bytes) -> bool:
    names = f'xmlns:cms="{CUEMS_NAMESPACE}" xmlns:xsi="{XSI_NAMESPACE}"'.encode()
    try:
        expat.ParserCreate("utf-8", "}").Parse(b"<_ %b>%b</_>" % (names, raw), True)
    except expat.ExpatError:
        return False
    return True
