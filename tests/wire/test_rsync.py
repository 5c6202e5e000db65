from pathlib import PurePath, PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cuems.wire.rsync import (
    DaemonFiles,
    Progress,
    RsyncNameError,
    Source,
    check_name,
    daemon_configuration,
    derive_secret,
    fetch_arguments,
    file_list,
    list_arguments,
    read_listed,
    read_progress,
    read_skipped,
    secrets_text,
)

SOURCE = Source(host="10.0.0.1", port=9194, secret="hush")
FILES = DaemonFiles(
    configuration=PurePath("/run/c/rsyncd.conf"),
    secrets=PurePath("/run/c/rsyncd.secrets"),
    log=PurePath("/run/c/rsyncd.log"),
    manifests=PurePath("/run/c/manifests"),
)


# ---- names


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "..", "media/../../x", "a//b", "media/", "./x", "-e sh", "media/-x.wav",
     "media/a\nb", "media/a\rb", "media/a\0b", "media/\udc80"],
)  # fmt: skip
def test_a_name_that_could_leave_the_library_or_the_list_is_refused(name: str) -> None:
    with pytest.raises(RsyncNameError):
        check_name(name)


@given(st.text(alphabet=st.sampled_from("./-a\n\r\0#é \ud800"), max_size=12) | st.text())
@example("media/rain drop é #1.wav")
def test_an_accepted_name_stays_inside_and_is_one_entry_of_the_list(name: str) -> None:
    try:
        entry = file_list([name])
    except RsyncNameError:
        return
    assert entry == name.encode() + b"\0"
    assert entry.count(b"\0") == 1
    parts = PurePosixPath("/library", name).parts
    assert parts[:2] == ("/", "library")
    assert ".." not in parts
    assert not any(part.startswith("-") for part in parts)


def test_the_error_names_the_name() -> None:
    with pytest.raises(RsyncNameError, match=r"file name '\.\./x': expected plain .* found '\.\.'"):
        check_name("../x")


# ---- the daemon


def settings(text: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in text.splitlines())
    return {name: value for name, separator, value in pairs if separator}


def test_the_daemon_serves_one_library_to_be_read_only_with_a_credential() -> None:
    text = daemon_configuration(PurePath("/srv/my library"), FILES, chroot_owner=None)
    assert "[cuems]" in text.splitlines()
    library, _, manifests = text.partition("[cuems-manifests]")
    assert settings(manifests)["path"] == "/run/c/manifests"
    found = settings(library)
    assert found["path"] == "/srv/my library"
    assert found["read only"] == "yes"
    assert found["list"] == "no"
    assert found["auth users"] == "cuems"
    assert found["secrets file"] == "/run/c/rsyncd.secrets"
    assert found["strict modes"] == "yes"
    assert found["refuse options"] == "delete"
    assert found["use chroot"] == "no"


def test_a_daemon_that_is_root_serves_from_a_chroot_as_the_owner() -> None:
    found = settings(daemon_configuration(PurePath("/l"), FILES, chroot_owner=(7, 8)))
    assert (found["use chroot"], found["uid"], found["gid"]) == ("yes", "7", "8")


@pytest.mark.parametrize("path", ["/l\nread only = no", "/l\\", "/l "])
def test_a_path_that_would_change_the_configuration_is_refused(path: str) -> None:
    with pytest.raises(RsyncNameError):
        daemon_configuration(PurePath(path), FILES, chroot_owner=None)


def test_the_secret_depends_on_the_key_alone_and_does_not_show_it() -> None:
    assert derive_secret(b"key") == derive_secret(b"key")
    assert derive_secret(b"key") != derive_secret(b"kez")
    assert len(derive_secret(b"key")) == 64
    assert secrets_text("hush") == "cuems:hush\n"


# ---- the client


def test_no_argument_carries_the_secret_or_an_option_that_loses_files() -> None:
    listing, temp, library = PurePath("/l/list"), PurePath("/l/files"), PurePath("/library")
    fetch = fetch_arguments(SOURCE, listing, temp, library, limit_kib_per_s=0)
    for arguments in (fetch, list_arguments(SOURCE, listing, library)):
        assert not any("hush" in argument for argument in arguments)
        assert not {"--inplace", "--ignore-missing-args", "--delete"} & set(arguments)
        assert {"--times", "--from0", "--password-file=-"} <= set(arguments)
    assert {"--delay-updates", "--partial-dir=.rsync-partial", "--temp-dir=/l/files"} <= set(fetch)
    assert fetch[-2:] == ["rsync://cuems@10.0.0.1:9194/cuems/", "/library/"]
    assert "hush" not in repr(SOURCE)


def test_an_ipv6_address_is_bracketed() -> None:
    assert Source(host="fe80::1", port=1, secret="").url == "rsync://cuems@[fe80::1]:1/cuems/"


# ---- what the client prints


@pytest.mark.parametrize(
    ("line", "progress"),
    [
        (
            "      314572802  99%  217.08MB/s    0:00:01 (xfr#2, to-chk=3/6)",
            Progress(bytes=314572802, percent=99, bytes_per_s=227_624_878, eta_s=1),
        ),
        (
            "              0   0%    0.00kB/s    0:00:00  ",
            Progress(bytes=0, percent=0, bytes_per_s=0, eta_s=0),
        ),
        (
            "  5000000000  12%    1.00GB/s   12:34:56",
            Progress(bytes=5_000_000_000, percent=12, bytes_per_s=1 << 30, eta_s=45_296),
        ),
    ],
)
def test_a_progress_line_becomes_exact_values(line: str, progress: Progress) -> None:
    assert read_progress(line) == progress


@pytest.mark.parametrize(
    "line", ["", "receiving file list ... 6 files to consider", "12%", "a 5 12% 1.00kB/s 0:00:01"]
)
def test_any_other_line_is_no_progress(line: str) -> None:
    assert read_progress(line) is None


@given(st.text())
def test_no_line_breaks_the_readers(line: str) -> None:
    read_progress(line)
    read_listed(line)
    read_skipped(line)


def test_only_plain_files_count_as_listed() -> None:
    assert read_listed("-rw-r--r--      1,234,567 2026/11/20 23:22:51 media/#a  b é.wav") == (
        "media/#a  b é.wav",
        1_234_567,
    )
    assert read_listed("drwxr-xr-x           4096 2026/11/20 23:22:51 media") is None
    assert read_listed("lrwxrwxrwx             11 2026/11/20 23:22:51 media/x -> /etc") is None


def test_a_skipped_link_is_named() -> None:
    assert read_skipped('skipping non-regular file "media/a b.wav"') == "media/a b.wav"
