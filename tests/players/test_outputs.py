from dataclasses import replace

import pytest

from cuems.players import PlayerConfig
from cuems.players.curtain import BESIDE_THE_SCREEN, NONE, Curtain, closed
from cuems.players.outputs import Machine, choose_outputs

BARE = Machine(x11=False, wayland=False, drm=False, jack=False, sound=False)


def test_a_bare_machine_plays_to_nowhere_and_says_so() -> None:
    outputs = choose_outputs(PlayerConfig(), BARE)
    assert outputs.options == ("--vo=null", "--ao=null")
    assert "nothing is shown" in outputs.note
    assert "nothing sounds" in outputs.note


@pytest.mark.parametrize(
    ("machine", "options"),
    [
        (
            Machine(x11=True, wayland=False, drm=True, jack=True, sound=True),
            ("--vo=gpu,x11", "--ao=jack"),
        ),
        (
            Machine(x11=False, wayland=False, drm=True, jack=False, sound=True),
            ("--vo=gpu,drm", "--ao=pipewire,pulse,alsa"),
        ),
    ],
)
def test_a_machine_plays_to_the_best_it_has(machine: Machine, options: tuple[str, str]) -> None:
    assert choose_outputs(PlayerConfig(), machine).options == options


@pytest.mark.parametrize(
    ("machine", "configured", "curtain"),
    [
        (BARE, "auto", NONE),
        (replace(BARE, x11=True), "auto", BESIDE_THE_SCREEN),
        (replace(BARE, x11=True), "xv", BESIDE_THE_SCREEN),
        (replace(BARE, x11=True), "null", NONE),
        (replace(BARE, x11=True, wayland=True), "auto", closed("gpu,x11")),
        (replace(BARE, x11=True, drm=True), "gpu,drm", closed("gpu,drm")),
        (replace(BARE, drm=True), "auto", closed("gpu,drm")),
    ],
)
def test_an_armed_picture_is_kept_out_of_sight_as_the_output_allows(
    machine: Machine, configured: str, curtain: Curtain
) -> None:
    assert choose_outputs(PlayerConfig(video_output=configured), machine).curtain == curtain


def test_a_configured_output_is_taken_whatever_the_machine_has() -> None:
    config = PlayerConfig(video_output="drm", audio_output="alsa")
    assert choose_outputs(config, BARE).options == ("--vo=drm", "--ao=alsa")
