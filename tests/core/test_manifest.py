"""What a project consists of, and what a node has to do to have it."""

from hypothesis import given
from hypothesis import strategies as st

from cuems.core.cues import (
    AnyCue,
    AudioCue,
    AudioOutput,
    CueId,
    CueList,
    DmxCue,
    DmxScene,
    Media,
    NodeId,
    Show,
    VideoCue,
    VideoOutput,
)
from cuems.core.manifest import FileFacts, Manifest, ManifestFile, Needed, needed_files, plan

ONE = NodeId("7f1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a10")
TWO = NodeId("0b1f6ae0-5d2b-4a5e-9d33-0d6d3f2b9a11")


def show(*contents: AnyCue) -> Show:
    return Show(id="s", name="s", cue_list=CueList(id=CueId("l"), contents=contents))


def audio(name: str | None, *nodes: NodeId) -> AudioCue:
    return AudioCue(
        id=CueId(f"a{name}{nodes}"),
        media=None if name is None else Media(file_name=name),
        outputs=tuple(AudioOutput(output_name=f"{node}_0") for node in nodes),
    )


def video(name: str, node: NodeId) -> VideoCue:
    outputs = (VideoOutput(output_name=f"{node}_0"),)
    return VideoCue(id=CueId(f"v{name}"), media=Media(file_name=name), outputs=outputs)


def test_a_project_needs_its_own_files_its_media_once_each_and_the_indexes_of_films() -> None:
    inner = CueList(id=CueId("i"), contents=(video("film.MOV", ONE), audio("rain.wav", TWO)))
    scene = DmxCue(id=CueId("d"), scene=DmxScene(id="x"))
    needed = needed_files("demo", show(audio("rain.wav", ONE), audio(None, ONE), scene, inner))
    assert needed == (
        Needed("projects/demo/script.xml"),
        Needed("projects/demo/mappings.xml", optional=True),
        Needed("projects/demo/settings.xml", optional=True),
        Needed("media/film.MOV", frozenset({ONE})),
        Needed("media/indexes/film.MOV.idx", frozenset({ONE}), optional=True),
        Needed("media/rain.wav", frozenset({ONE, TWO})),
    )


def test_the_media_of_a_cue_without_outputs_are_for_everyone_whoever_else_names_them() -> None:
    for cues in ((audio("a.wav"), audio("a.wav", ONE)), (audio("a.wav", ONE), audio("a.wav"))):
        assert needed_files("p", show(*cues))[-1] == Needed("media/a.wav", frozenset())


def facts(name: str, size: int = 1, mtime_ns: int = 0) -> FileFacts:
    return FileFacts(size, mtime_ns, name)


def test_a_node_wants_its_own_files_and_is_told_which_of_them_nobody_has() -> None:
    manifest = Manifest(
        project="p",
        files=(
            ManifestFile("projects/p/script.xml", facts("s")),
            ManifestFile("media/one.wav", facts("1"), frozenset({ONE})),
            ManifestFile("media/two.wav", facts("2"), frozenset({TWO})),
        ),
        missing=(Needed("media/gone.wav", frozenset({TWO})),),
    )
    assert list(manifest.files_for(ONE)) == ["projects/p/script.xml", "media/one.wav"]
    assert (manifest.missing_for(ONE), manifest.missing_for(TWO)) == ((), ("media/gone.wav",))


def test_a_plan_tells_what_is_had_lacked_changed_moved_in_time_and_left_over() -> None:
    wanted = {name: facts(name, 10) for name in ("same", "new", "other", "longer", "older")}
    here = {
        "same": facts("same", 10),
        "other": facts("something else", 10),
        "longer": facts("longer", 11),
        "older": facts("older", 10, mtime_ns=5),
    }
    found = plan(wanted, here, ("same", "gone"))
    assert (found.have, found.fetch, found.update) == (
        ("older", "same"),
        ("new",),
        ("longer", "other"),
    )
    assert (found.touch, found.remove, found.bytes_to_come) == (("older",), ("gone",), 30)
    assert not found.is_done


files = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(FileFacts, st.integers(0, 3), st.integers(0, 2), st.sampled_from("xyz")),
)


@given(files, files)
def test_whoever_does_what_a_plan_says_has_exactly_what_is_wanted(
    wanted: dict[str, FileFacts], here: dict[str, FileFacts]
) -> None:
    found = plan(wanted, here, here)
    there = dict(here)
    for name in (*found.to_come, *found.touch):
        there[name] = wanted[name]
    for name in found.remove:
        del there[name]
    assert there == wanted
    assert plan(wanted, there, there).is_done
