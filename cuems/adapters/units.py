"""Starting units of systemd, as a machine's opening hours ask for."""

from subprocess import PIPE, STDOUT

import anyio

START_S = 30.0  # systemd goes on with it beyond that


async def start_unit(unit: str) -> str:
    """Have systemd start it, and wait until it has; why that did not work, "" where it did."""
    command = ("systemctl", "--no-ask-password", "start", "--", unit)
    try:
        with anyio.fail_after(START_S):
            done = await anyio.run_process(command, check=False, stdout=PIPE, stderr=STDOUT)
    except FileNotFoundError:
        return "this machine has no systemctl"
    except TimeoutError:
        return f"not started within {START_S:g} s"
    said = done.stdout.decode(errors="replace").strip()
    return "" if done.returncode == 0 else said or f"systemctl ended with {done.returncode}"
