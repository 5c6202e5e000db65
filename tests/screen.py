"""An X server of a test's own, without a window manager, and what it shows."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from Xlib import X
from Xlib.display import Display
from Xlib.protocol import rq

STOP_S = 5
WIDTH, HEIGHT = 320, 240


class SetMonitor(rq.Request):
    """RandR's SetMonitor; python-xlib 0.33 cannot pack its own."""

    _request = rq.Struct(
        rq.Card8("opcode"),
        rq.Opcode(43),
        rq.RequestLength(),
        rq.Window("window"),
        rq.Card32("name"),
        rq.Bool("primary"),
        rq.Bool("automatic"),
        rq.LengthOf("crtcs", 2),
        rq.Int16("x"),
        rq.Int16("y"),
        rq.Card16("width_in_pixels"),
        rq.Card16("height_in_pixels"),
        rq.Card32("width_in_millimeters"),
        rq.Card32("height_in_millimeters"),
        rq.List("crtcs", rq.Card32Obj),
    )


class Screen:
    """A screen of one monitor or of several side by side; the middle of each is looked at."""

    def __init__(self, name: str, monitors: Sequence[str] = ()) -> None:
        self.name = name
        self._display = Display(name)
        self._root = self._display.screen().root
        crtcs = self._root.xrandr_get_monitors().monitors[0].crtcs
        for number, monitor in enumerate(monitors):
            self._set_monitor(monitor, number, crtcs if number == 0 else [])
        self._display.sync()

    def _set_monitor(self, name: str, number: int, crtcs: Sequence[int]) -> None:
        SetMonitor(
            display=self._display.display,
            opcode=self._display.display.get_extension_major("RANDR"),
            window=self._root,
            name=self._display.intern_atom(name),
            primary=number == 0,
            automatic=False,
            x=number * WIDTH,
            y=0,
            width_in_pixels=WIDTH,
            height_in_pixels=HEIGHT,
            width_in_millimeters=WIDTH,
            height_in_millimeters=HEIGHT,
            crtcs=crtcs,
        )

    def grey(self, monitor: int = 0) -> int:
        """The level of the green in the middle, 0 to 255."""
        at = monitor * WIDTH + WIDTH // 2, HEIGHT // 2
        image = self._root.get_image(*at, 1, 1, X.ZPixmap, 0xFFFFFF)
        return int(image.data[1])

    def greys(self, monitor: int = 0) -> Iterator[int]:
        """Every level that is not the one before it, from now on; blocks in between."""
        last = -1
        while True:
            if (grey := self.grey(monitor)) != last:
                last = grey
                yield grey

    def next_greys(self, count: int, monitor: int = 0) -> list[int]:
        """The first so many levels from now on."""
        return list(islice(self.greys(monitor), count))

    def close(self) -> None:
        """Let go of the server."""
        self._display.close()


@contextmanager
def open_screen(*monitors: str) -> Iterator[Screen]:
    """Start an X server on a display of its own choice; yield when it listens."""
    read_end, write_end = os.pipe()
    size = f"{WIDTH * max(1, len(monitors))}x{HEIGHT}x24"
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as chosen:
            number = chosen.readline().strip()
        screen = Screen(f":{number}", monitors)
        try:
            yield screen
        finally:
            screen.close()
    finally:
        server.terminate()
        server.wait(STOP_S)
