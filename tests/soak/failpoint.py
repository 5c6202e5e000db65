"""`cuems` with one of its tasks failing: `python -m tests.soak.failpoint MODULE NAME ARGUMENTS`.

The task NAME (`function` or `Class.method`) of a module raises as soon as it has been started and
has waited once. Nothing else is touched: what becomes of that is what is tested.
"""

import importlib
import sys
from typing import Any

import anyio

from cuems.cli import main

MESSAGE = "failpoint: this task was made to fail"


async def fail(*_: object, **__: object) -> None:
    await anyio.sleep(0.01)
    raise RuntimeError(MESSAGE)


def break_task(module: str, name: str) -> None:
    """Have a task fail."""
    holder: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for each in outer:
        holder = getattr(holder, each)
    assert hasattr(holder, last), f"{module} has no {name}"
    setattr(holder, last, fail)


if __name__ == "__main__":
    break_task(sys.argv[1], sys.argv[2])
    sys.argv = ["cuems", *sys.argv[3:]]
    main()
