"""An X server of a test's own, without a window manager, and what it shows."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from Xlib import X
from Xlib.display import Display

STOP_S = 5


class Screen:
    """A screen; its pixel in the middle is looked at."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._display = Display(name)
        self._root = self._display.screen().root
        self._at = self._root.get_geometry().width // 2, self._root.get_geometry().height // 2

    def grey(self) -> int:
        """The level of the green in the middle, 0 to 255."""
        image = self._root.get_image(*self._at, 1, 1, X.ZPixmap, 0xFFFFFF)
        return int(image.data[1])

    def greys(self) -> Iterator[int]:
        """Every level that is not the one before it, from now on; blocks in between."""
        last = -1
        while True:
            if (grey := self.grey()) != last:
                last = grey
                yield grey

    def next_greys(self, count: int) -> list[int]:
        """The first so many levels from now on."""
        return list(islice(self.greys(), count))

    def close(self) -> None:
        """Let go of the server."""
        self._display.close()


@contextmanager
def open_screen() -> Iterator[Screen]:
    """Start an X server on a display of its own choice; yield when it listens."""
    read_end, write_end = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write_end),
        "-screen",
        "0",
        "320x240x24",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with os.fdopen(read_end) as chosen:
            number = chosen.readline().strip()
        screen = Screen(f":{number}")
        try:
            yield screen
        finally:
            screen.close()
    finally:
        server.terminate()
        server.wait(STOP_S)
