"""How far ahead a GO is stamped."""

from cuems.core.lead import Lead
from cuems.core.timecode import from_ms

MS = 1_000_000


def after(*took_ms: float) -> Lead:
    lead = Lead()
    for took in took_ms:
        lead.answered(round(took * MS), 0)
    return lead


def test_before_anybody_has_answered_it_is_two_frames() -> None:
    assert Lead().flicks == from_ms(80)


def test_on_a_quick_network_it_is_one_frame() -> None:
    assert after(1, 2, 3).flicks == from_ms(40)


def test_it_is_half_as_much_again_as_the_slowest_of_a_thousand_up_to_a_frame() -> None:
    assert after(*[1] * 500, 30).flicks == from_ms(80)
    assert after(*[1] * 4000, 30).flicks == from_ms(40)


def test_it_is_never_more_than_200_ms() -> None:
    assert after(5000).flicks == from_ms(200)


def test_what_was_five_minutes_ago_does_not_count() -> None:
    lead = after(5000)
    lead.answered(MS, 301_000 * MS)
    assert lead.flicks == from_ms(40)


def test_a_lead_that_was_set_stays() -> None:
    lead = Lead(from_ms(120))
    lead.answered(MS, 0)
    assert lead.flicks == from_ms(120)


def test_the_cap_of_the_settings_is_the_most_it_becomes() -> None:
    lead = Lead()
    lead.most_flicks = from_ms(120)
    lead.answered(1_000_000_000, 0)
    assert lead.flicks == from_ms(120)
