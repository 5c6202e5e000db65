"""Manifests as text from another machine."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import NodeId
from cuems.core.manifest import FileFacts, Manifest, ManifestFile, Needed
from cuems.wire.manifest import (
    ManifestDecodeError,
    content_hash,
    manifest_text,
    project_hash,
    read_manifest,
)

HASH = content_hash(b"rain")
MANIFEST = Manifest(
    project="demo",
    files=(
        ManifestFile("projects/demo/script.xml", FileFacts(9, 1_300_000_000_123_456_789, HASH)),
        ManifestFile("media/two words ñ.wav", FileFacts(0, 0, HASH), frozenset({NodeId("n")})),
    ),
    missing=(Needed("media/../../etc/passwd", frozenset({NodeId("n")})),),
)


def test_a_manifest_reads_as_it_was_written() -> None:
    assert read_manifest(manifest_text(MANIFEST), "m") == MANIFEST


def test_the_hash_of_a_project_is_of_its_files_and_not_of_their_order() -> None:
    turned = Manifest(project="demo", files=MANIFEST.files[::-1])
    assert project_hash(turned) == project_hash(MANIFEST)
    first, second = MANIFEST.files
    changed = ManifestFile(first.name, FileFacts(9, first.facts.mtime_ns, content_hash(b"x")))
    assert project_hash(Manifest(project="demo", files=(changed, second))) != project_hash(turned)


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "media/../../x", "media/a\nb", "media/-e", "projects/other/script.xml",
     "cluster.key", "media/", ""],
)  # fmt: skip
def test_f48_a_name_that_leads_elsewhere_is_refused_with_the_whole_manifest(name: str) -> None:
    bad = Manifest(project="demo", files=(ManifestFile(name, FileFacts(1, 0, HASH)),))
    with pytest.raises(ManifestDecodeError, match="m: "):
        read_manifest(manifest_text(bad), "m")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff", b"[]", manifest_text(MANIFEST)[:-5],
     manifest_text(MANIFEST).replace(b'"version":1', b'"version":2'),
     manifest_text(MANIFEST).replace(b'"demo"', b'"../demo"', 1),
     manifest_text(MANIFEST).replace(b'"size":9', b'"size":-9')],
)  # fmt: skip
def test_what_is_no_manifest_is_one_error(data: bytes) -> None:
    with pytest.raises(ManifestDecodeError):
        read_manifest(data, "m")


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with suppress(ManifestDecodeError):
        read_manifest(data, "m")
