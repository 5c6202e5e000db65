"""A run's way out, whatever the controller answers: never lost, never in the way of the next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuems.core.outbox import (
    Answered,
    Aside,
    Done,
    Failed,
    Job,
    Outbox,
    Pack,
    Result,
    Retire,
    Send,
    SetAside,
)

S = 1_000_000_000
TAKEN = Answered(status=201, same=True)


def outbox(*ready: str, packed: tuple[str, ...] = ()) -> Outbox:
    box = Outbox(lambda: 1.0)
    box.find(ready, packed)
    return box


def answered(status: int, retry_after_s: int = 0) -> Answered:
    return Answered(status=status, same=True, reason="so", retry_after_s=retry_after_s)


def step(box: Outbox, result: Result, now_ns: int = 0) -> tuple[Job, str]:
    job = box.job(now_ns)
    assert job is not None
    return job, box.done(job, result, now_ns)


def test_a_run_is_packed_sent_and_retired_the_oldest_first() -> None:
    box = outbox("b", "a")
    results: list[Result] = [Done(), TAKEN, Done()]
    jobs = [step(box, result)[0] for result in results * 2]
    assert jobs == [Pack("a"), Send("a"), Retire("a"), Pack("b"), Send("b"), Retire("b")]
    assert box.job(0) is None
    assert (len(box), box.sent) == (0, 2)


def test_what_was_packed_before_a_crash_is_not_packed_again() -> None:
    assert outbox(packed=("a",)).job(0) == Send("a")


def test_a_job_is_given_once_until_it_is_done_or_dropped() -> None:
    box = outbox("a")
    job = box.job(0)
    assert job == Pack("a")
    assert box.job(0) is None
    box.find(("a",), ("a",))  # the disk has more meanwhile
    box.drop(job)
    assert box.job(0) == Pack("a")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 507, 302, 204])
def test_what_may_pass_is_tried_again_later_and_later_up_to_five_minutes(status: int) -> None:
    box = outbox(packed=("a",))
    now_ns, waits = 0, []
    for _ in range(11):
        step(box, answered(status), now_ns)
        due_ns = box.next_due_ns()
        assert due_ns is not None
        assert box.job(due_ns - 1) is None
        waits.append((due_ns - now_ns) // S)
        now_ns = due_ns
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_nobody_there_is_news_once_and_over_when_a_run_is_taken() -> None:
    box = outbox(packed=("a",))
    assert step(box, Failed("no route"))[1] == "no route"
    assert step(box, Failed("no route"), 10 * S)[1] == ""
    assert box.trouble == "no route"
    step(box, TAKEN, 100 * S)
    assert box.trouble == ""


def test_a_wait_that_the_controller_asks_for_is_kept_and_bounded() -> None:
    for asked_s, waited_s in ((30, 30), (10_000, 300)):
        box = outbox(packed=("a",))
        step(box, answered(503, asked_s))
        assert box.next_due_ns() == waited_s * S


def test_two_nodes_do_not_knock_at_the_same_moment() -> None:
    box = Outbox(lambda: 0.0)
    box.find((), ("a",))
    step(box, Failed("no route"))
    assert box.next_due_ns() == S // 2


@pytest.mark.parametrize("status", [401, 403])
def test_without_the_key_it_is_kept_and_tried_slowly(status: int) -> None:
    box = outbox(packed=("a",))
    assert "does it have our cluster key?" in step(box, answered(status))[1]
    assert box.next_due_ns() == 600 * S
    assert box.job(600 * S) == Send("a")


def test_another_run_of_the_same_name_is_set_aside_and_said_and_the_next_one_goes() -> None:
    box = outbox(packed=("a", "b"))
    assert step(box, answered(409)) == (Send("a"), "run a: the controller has another of that name")
    job, news = step(box, Done())
    assert job == SetAside("a", Aside.CONFLICT)
    assert "kept in conflict/" in news
    assert box.job(0) == Send("b")


@pytest.mark.parametrize("status", [400, 404, 411, 413, 422])
def test_what_the_controller_will_not_have_is_set_aside_and_not_tried_again(status: int) -> None:
    box = outbox(packed=("a", "b"))
    assert step(box, answered(status))[1] == (
        f"run a is not taken: the controller answers {status} so"
    )
    assert step(box, Done())[0] == SetAside("a", Aside.REJECTED)
    assert box.job(0) == Send("b")


def test_a_taken_that_names_other_content_is_not_believed() -> None:
    box = outbox(packed=("a",))
    step(box, Answered(status=200, same=False))
    assert box.job(S) == Send("a")


def test_a_disk_that_cannot_pack_is_tried_again() -> None:
    box = outbox("a")
    step(box, Failed("no space left"))
    assert box.job(0) is None
    assert box.job(S) == Pack("a")


results = st.one_of(
    st.just(Done()),
    st.just(Failed("why")),
    st.builds(
        Answered,
        status=st.sampled_from([200, 201, 400, 401, 409, 413, 429, 500, 503]),
        same=st.booleans(),
        retry_after_s=st.integers(0, 1000),
    ),
)


@given(st.lists(results, max_size=80), st.integers(1, 4))
def test_whatever_happens_every_run_is_on_its_way_or_accounted_for(
    script: list[Result], count: int
) -> None:
    runs = [f"run-{number}" for number in range(count)]
    box = outbox(*runs)
    gone: list[str] = []
    now_ns = 0
    for result in script:
        now_ns = max(now_ns, box.next_due_ns() or 0)
        job = box.job(now_ns)
        if job is None:
            break
        fits = isinstance(result, Answered) == isinstance(job, Send)
        given = result if fits or isinstance(result, Failed) else Failed("else")
        box.done(job, given, now_ns)
        if given == Done() and isinstance(job, Retire | SetAside):
            gone.append(job.run)
    assert len(box) + len(gone) == count
    assert len(set(gone)) == len(gone)
