"""No secret in anything that is written: lines, the log file, the journal, state, command lines."""

from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import zstandard
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from cuems.adapters.access_file import write_keys
from cuems.adapters.files import write_cluster_key
from cuems.core.access import KeyKind, Keyring, Scope, new_key
from tests.e2e.rig import Home, open_operator, open_program, processes_of

pytestmark = pytest.mark.slow
TOKEN, PASSCODE, GUESS = "token-of-the-tablet-7f3a91", "passcode-4711-of-the-crew", "guessed-99-x"
LOADS = ("load", "nothing"), ("mode", "show"), ("mode", "edit")
RUN = ("run", "--role", "controller", "--players", "none", "--mtc", "internal", "-vv")


async def test_g23_no_key_token_or_passcode_is_ever_written(tmp_path: Path) -> None:
    home = Home(tmp_path)
    state = home.folder / "state" / "cuems"
    state.mkdir(parents=True, mode=0o700)
    key = bytes.fromhex("c0ffee" * 10 + "0042")
    keys = Keyring(
        (
            new_key("tablet", KeyKind.TOKEN, Scope.CONTROL, TOKEN),
            new_key("crew", KeyKind.PASSCODE, Scope.EDIT, PASSCODE),
        )
    )

    def prepare() -> None:
        write_cluster_key(state, key, replace=False)
        write_keys(state, keys)

    await anyio.to_thread.run_sync(prepare)
    log_file = tmp_path / "log" / "cuems.log"
    log_file.parent.mkdir()
    home.environment["CUEMS_LOG_FILE"] = str(log_file)
    url = f"ws://{home.control}"
    async with open_program(home, *RUN) as program:
        await program.says("ready: control surface")
        async with connect(f"{url}/?token={TOKEN}", compression=None):
            pass
        with pytest.raises(WebSocketException):  # a page of elsewhere is refused, and said
            async with connect(f"{url}/?token={TOKEN}", origin="http://elsewhere.example"):  # type: ignore[arg-type]
                pass
        async with open_operator(home) as operator:
            await operator.send_to("/engine/auth", PASSCODE)
            await operator.until(lambda: operator.state.get("/engine/reply/auth") == "ok")
            await operator.send_to("/engine/auth", GUESS)
            await operator.until(lambda: operator.state["/engine/reply/auth"] != "ok")
            for command, argument in LOADS:
                await operator.ask(command, argument)
        commands = " ".join(processes_of(home).values())
        assert await program.stop() == 0
    written = {"standard error": "\n".join(program.lines), "command lines": commands}
    written |= await anyio.to_thread.run_sync(texts_below, tmp_path)
    assert {str(log_file)} < written.keys()
    assert any("journal" in name and "$" in text for name, text in written.items())
    secrets = (TOKEN, PASSCODE, GUESS, key.hex(), repr(key)[2:-1])
    found = [name for name, text in written.items() if any(secret in text for secret in secrets)]
    assert found == []


def texts_below(folder: Path) -> dict[str, str]:
    """All files but the one that is the key."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "cluster.key")
    return {str(path): text_of(path) for path in files}


def text_of(path: Path) -> str:
    if path.suffix == ".zst":
        with path.open("rb") as packed:
            return zstandard.ZstdDecompressor().stream_reader(packed).read().decode()
    return path.read_bytes().decode(errors="replace")
