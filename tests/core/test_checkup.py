"""What a look at a machine comes to."""

import pytest

from cuems.core import checkup
from cuems.core.checkup import (
    CODECS,
    GIB,
    Finding,
    Verdict,
    bad,
    decoders,
    doubtful,
    fine,
    worst,
)


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (checkup.judge_room("library", "/srv", 100 * GIB), Verdict.OK),
        (checkup.judge_room("library", "/srv", 5 * GIB), Verdict.WARNING),
        (checkup.judge_room("library", "/srv", GIB - 1), Verdict.ERROR),
        (checkup.judge_files(4096), Verdict.OK),
        (checkup.judge_files(512), Verdict.WARNING),
        (checkup.judge_files(128), Verdict.ERROR),
        (checkup.judge_clock(1500), Verdict.OK),
        (checkup.judge_clock(300_000), Verdict.WARNING),
        (checkup.judge_clock(None), Verdict.WARNING),
        (checkup.judge_governor([]), Verdict.OK),
        (checkup.judge_governor(["performance"]), Verdict.OK),
        (checkup.judge_governor(["performance", "powersave"]), Verdict.WARNING),
        (checkup.judge_realtime(95), Verdict.OK),
        (checkup.judge_realtime(0), Verdict.WARNING),
        (checkup.judge_midi({"ALSA": [], "JACK": ["Midi Through"]}), Verdict.OK),
        (checkup.judge_midi({"ALSA": []}), Verdict.WARNING),
        (checkup.judge_devices("sound", "audio", 2, 2), Verdict.OK),
        (checkup.judge_devices("sound", "audio", 2, 1), Verdict.ERROR),
        (checkup.judge_devices("pictures", "video", 0, 0), Verdict.WARNING),
        (checkup.judge_codecs(CODECS), Verdict.OK),
        (checkup.judge_codecs(set(CODECS) - {"hap"}), Verdict.WARNING),
    ],
)
def test_what_is_not_well_has_a_remedy(finding: Finding, verdict: Verdict) -> None:
    assert finding.verdict is verdict
    assert bool(finding.remedy) is (verdict is not Verdict.OK)


def test_the_worst_finding_is_the_verdict() -> None:
    well, warned, broken = fine("a", ""), doubtful("b", "", "help"), bad("c", "", "help")
    assert worst([well]) is Verdict.OK
    assert worst([well, warned]) is Verdict.WARNING
    assert worst([broken, well, warned]) is Verdict.ERROR


def test_codecs_are_found_by_name_and_by_what_a_decoder_is_of() -> None:
    listing = "Video decoders:\n    h264 - H.264 / AVC\n    libdav1d (av1) - dav1d AV1 decoder\n"
    assert {"h264", "av1", "libdav1d"} <= set(decoders(listing))
