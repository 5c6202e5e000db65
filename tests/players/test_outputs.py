import pytest

from cuems.players import PlayerConfig
from cuems.players.outputs import Machine, choose_outputs

BARE = Machine(display=False, drm=False, jack=False, sound=False)


def test_a_bare_machine_plays_to_nowhere_and_says_so() -> None:
    outputs = choose_outputs(PlayerConfig(), BARE)
    assert outputs.options == ("--vo=null", "--ao=null")
    assert "nothing is shown" in outputs.note
    assert "nothing sounds" in outputs.note


@pytest.mark.parametrize(
    ("machine", "options"),
    [
        (Machine(display=True, drm=True, jack=True, sound=True), ("--vo=gpu,x11", "--ao=jack")),
        (
            Machine(display=False, drm=True, jack=False, sound=True),
            ("--vo=gpu,drm", "--ao=pipewire,pulse,alsa"),
        ),
    ],
)
def test_a_machine_plays_to_the_best_it_has(machine: Machine, options: tuple[str, str]) -> None:
    assert choose_outputs(PlayerConfig(), machine).options == options


def test_a_configured_output_is_taken_whatever_the_machine_has() -> None:
    config = PlayerConfig(video_output="drm", audio_output="alsa")
    assert choose_outputs(config, BARE).options == ("--vo=drm", "--ao=alsa")
