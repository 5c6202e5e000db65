"""Hashes of files, of those too that grow while they are hashed."""

import os
from contextlib import closing
from pathlib import Path

import anyio

from cuems.adapters.hashes import FileHashes

HALF = os.urandom(3_000_001)


async def hash_of(path: Path) -> str:
    return (await FileHashes(path.parent, None).facts([path.name]))[path.name].hash


async def test_a_file_that_was_followed_has_the_hash_of_all_of_it_where_it_ends_up(
    tmp_path: Path,
) -> None:
    coming, place = tmp_path / ".film.Ab12", tmp_path / "film"
    with closing(FileHashes(tmp_path, None)) as hashes, coming.open("wb", buffering=0) as file:
        for half in (HALF, HALF[::-1]):
            file.write(half)
            await hashes.follow(coming)
        file.write(b"and what came last")
        os.utime(coming, ns=(5, 5))
        coming.replace(place)
        found = (await hashes.facts(["film"]))["film"]
    assert (found.mtime_ns, found.hash) == (5, await hash_of(place))


async def test_one_followed_after_another_both_are_right_whatever_comes_besides(
    tmp_path: Path,
) -> None:
    with closing(FileHashes(tmp_path, None)) as hashes:
        for name in ("one", "two"):
            (tmp_path / f".{name}").write_bytes(name.encode() + HALF)
            await hashes.follow(tmp_path / f".{name}")
            (tmp_path / f".{name}").replace(tmp_path / name)
        (tmp_path / "three").write_bytes(HALF)
        found = await hashes.facts(["one", "two", "three"])
    for name, facts in found.items():
        assert facts.hash == await hash_of(tmp_path / name)


async def test_what_takes_the_place_of_a_followed_file_is_read_itself(tmp_path: Path) -> None:
    place = tmp_path / "film"
    with closing(FileHashes(tmp_path, None)) as hashes:
        place.write_bytes(HALF)
        await hashes.follow(place)
        (tmp_path / "other").write_bytes(HALF[::-1])
        (tmp_path / "other").replace(place)
        found = (await hashes.facts(["film"]))["film"]
        await hashes.follow(tmp_path / "nothing")  # it has been put in its place meanwhile
    assert found.hash == await hash_of(place)


async def test_a_show_slows_hashing_and_giving_up_takes_no_longer(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    hashes = FileHashes(tmp_path, None)
    hashes.trickles = True
    with anyio.fail_after(30):
        with anyio.move_on_after(0.1) as given_up:
            await hashes.facts(["large"])
    assert given_up.cancelled_caught
