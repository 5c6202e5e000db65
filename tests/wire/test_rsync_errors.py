import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.wire.rsync_errors import DeployError, diagnose, missing_names

MISSING = (
    'rsync: [sender] link_stat "/media/a b.wav" (in cuems) failed: No such file or directory (2)\n'
    "rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c"
)


def test_missing_files_are_told_from_other_failures() -> None:
    assert missing_names(MISSING) == ("media/a b.wav",)
    assert missing_names(MISSING + "\nrsync: something else") is None
    assert missing_names("") == ()


@pytest.mark.parametrize(
    ("exit_code", "stderr", "file", "what"),
    [
        (23, MISSING, "media/a b.wav", "not in the controller's library"),
        (5, "@ERROR: auth failed on module cuems\nrsync error: …", None, "refused the credential"),
        (5, "@ERROR: Unknown module 'cuems'", None, "serves no library"),
        (5, 'rsync: server sent "HTTP/1.1 400" rather than greeting', None, "is no rsync"),
        (10, "rsync: failed to connect to h (h): Connection refused (111)", None, "no rsync ans"),
        (
            11,
            'rsync: [receiver] write failed on "/l/media/b.mov": No space left on device (28)',
            "/l/media/b.mov",
            "the disk is full",
        ),
        (
            23,
            'rsync: [generator] recv_generator: mkdir "/l/media" failed: Permission denied (13)',
            "/l/media",
            "some files could not be transferred (Permission denied)",
        ),
        (
            23,
            'rsync: [sender] send_files failed to open "/media/x" (in cuems): '
            "Permission denied (13)",
            "media/x",
            "Permission denied",
        ),
        (-9, "", None, "killed by signal 9"),
        (99, "", None, "code 99"),
        (127, "", None, "not installed"),
    ],
)
def test_an_exit_is_explained_with_the_file_and_a_remedy(
    exit_code: int, stderr: str, file: str | None, what: str
) -> None:
    diagnosis = diagnose(exit_code, stderr)
    assert what in diagnosis.what
    assert diagnosis.file == file
    assert diagnosis.remedy


def test_the_error_says_node_file_reason_and_remedy_in_one_line() -> None:
    error = DeployError(node="stage-left", what="not there", remedy="load again", file="media/x")
    assert str(error) == "deploy to node stage-left: media/x: not there; load again"


@given(st.text(), st.integers(-64, 255))
def test_no_text_breaks_the_diagnosis(stderr: str, exit_code: int) -> None:
    assert diagnose(exit_code, stderr).remedy
