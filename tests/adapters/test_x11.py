import gc
import warnings

import pytest

from cuems.adapters.x11 import NoXServerError, read_monitors


@pytest.mark.parametrize("display", [":9876", ":63999", "no display"])
def test_an_x_server_that_is_not_there_is_said_so(display: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # python-xlib leaves its socket to the gc
        with pytest.raises(NoXServerError, match="the X server cannot be asked"):
            read_monitors(display)
        gc.collect()
