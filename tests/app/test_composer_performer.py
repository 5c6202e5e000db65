"""A picture's layers: what is read for them, and what is missing."""

from pathlib import Path

import pytest

from cuems.app.composer_performer import Sizes, read_conf
from cuems.players.errors import CannotPlayError
from tests.media import write_y4m


@pytest.mark.slow
async def test_a_pictures_size_is_looked_up_as_the_file_is_now(tmp_path: Path) -> None:
    sizes = Sizes()
    assert await sizes.of(write_y4m(tmp_path / "sky.y4m", 2)) == (16, 16)
    assert await sizes.of(tmp_path / "gone.y4m") is None
    (tmp_path / "no.y4m").write_text("no picture")
    assert await sizes.of(tmp_path / "no.y4m") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "no screen is laid out: No such file or directory; run cuems-generate-display"),
        ("", "expected an [output:CONNECTOR] with a canvas_region=x,y,w,h"),
    ],
)
async def test_a_canvas_that_nobody_laid_out_is_told_with_its_file_and_what_helps(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    path = tmp_path / "display.conf"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CannotPlayError) as caught:
        await read_conf(path)
    assert str(caught.value).startswith(f"{path}: no screen is laid out")
    assert problem in str(caught.value)
    assert "start cuems-videocomposer.service" in str(caught.value)


async def test_a_canvas_is_read(tmp_path: Path) -> None:
    path = tmp_path / "display.conf"
    path.write_text("[output:DP-1]\ncanvas_region=0,0,800,600\n")
    conf = await read_conf(path)
    assert (conf.canvas_width, conf.canvas_height) == (800, 600)
