"""What is wrong with timecode, as a technician is told."""

import pytest

from cuems.core.chase import ChaseState
from cuems.core.midi_ports import MidiAbsent, MidiOpen
from cuems.core.mtc import FRAME_RATES, full_frame, mmc_locate, quarter_frame
from cuems.core.mtc_monitor import MtcMonitor, Reading, rate_at
from cuems.core.timecode import FrameRate, Timecode, from_text, to_ns

S = 1_000_000_000
FPS_25 = FrameRate.FPS_25
PORT = MidiOpen("MtcMaster:MTCPort", "JACK")
RATES = pytest.mark.parametrize("rate", FRAME_RATES, ids=str)


class Bench:
    """A monitor on an open port, and a source whose quarter-frames can be bent."""

    def __init__(self, rate: FrameRate = FPS_25, expected: FrameRate | None = None) -> None:
        self.monitor = MtcMonitor(expected)
        self.rate = rate
        self.quarter_ns = to_ns(rate.flicks_per_frame) // 4
        self.number = 0
        self.now_ns = S
        self.monitor.port_changed(PORT, self.now_ns)

    def piece(self, number: int) -> bytes:
        return quarter_frame(Timecode(number // 8 * 2, self.rate).within_day, number % 8)

    def roll(self, seconds: float, *, way: int = 1, quarter_ns: int = 0) -> Reading:
        step_ns = quarter_ns or self.quarter_ns
        for _ in range(round(seconds * S / step_ns)):
            self.monitor.hear(self.piece(self.number), self.now_ns)
            self.number += way
            self.now_ns += step_ns
        return self.monitor.read(self.now_ns)

    def wait(self, seconds: float) -> Reading:
        reading = self.monitor.read(self.now_ns)
        for _ in range(round(10 * seconds)):
            self.now_ns += S // 10
            reading = self.monitor.read(self.now_ns)
        return reading


@RATES
def test_good_timecode_is_locked_and_nothing_is_wrong_with_it(rate: FrameRate) -> None:
    bench = Bench(rate)
    reading = bench.roll(3)
    assert (reading.state, reading.rate, reading.fault) == (ChaseState.LOCKED, rate, "")
    assert reading.timecode is not None
    assert abs(4 * reading.timecode.frames - bench.number) <= 4
    assert (reading.missed_pieces, reading.dropouts) == (0, 0)
    assert bench.monitor.is_sound


def test_a_monitor_that_was_told_nothing_yet_blames_nobody() -> None:
    monitor = MtcMonitor()
    assert monitor.read(0).fault == ""
    assert not monitor.is_sound


def test_a_port_that_is_not_there_is_named_with_its_reason() -> None:
    monitor = MtcMonitor()
    monitor.port_changed(MidiAbsent("no JACK server"), 0)
    assert monitor.read(1).fault == "no port: no JACK server"
    assert not monitor.is_sound


def test_what_was_wrong_before_the_first_lock_is_forgiven() -> None:
    bench = Bench()
    bench.monitor.port_changed(MidiAbsent("no JACK server"), 0)
    assert bench.monitor.read(1).fault
    bench.monitor.port_changed(PORT, bench.now_ns)
    bench.roll(1)
    assert bench.monitor.is_sound


def test_a_port_that_goes_away_later_is_not() -> None:
    bench = Bench()
    bench.roll(1)
    bench.monitor.port_changed(MidiAbsent("gone"), bench.now_ns)
    bench.monitor.read(bench.now_ns)
    assert bench.monitor.faults == ("no port: gone",)


def test_an_open_port_that_stays_silent_has_no_data() -> None:
    bench = Bench()
    assert bench.wait(0.5).fault == ""
    assert bench.wait(1).fault == "no data: nothing arrives from this port"


def test_other_midi_is_no_timecode() -> None:
    bench = Bench()
    for _ in range(3):
        bench.monitor.hear(b"\x90\x40\x40", bench.now_ns)
    expected = "no timecode: 3 other MIDI messages arrived, and none of timecode"
    assert bench.wait(2).fault == expected


def test_quarter_frames_that_spell_nothing_are_unreadable() -> None:
    bench = Bench()
    for number in range(0, 800, 3):
        bench.monitor.hear(bench.piece(number * 7), bench.now_ns)
    assert bench.wait(2).fault.startswith("unreadable: quarter-frames arrive")


def test_impossible_addresses_are_unreadable() -> None:
    bench = Bench()
    bench.monitor.hear(bytes.fromhex("f07f7f010121630000f7"), bench.now_ns)
    assert bench.wait(2).fault == "unreadable: 1 addresses that no clock shows"


@pytest.mark.parametrize("locate", [full_frame, mmc_locate])
def test_a_source_that_stands_is_stopped_and_nothing_is_wrong(locate: object) -> None:
    assert callable(locate)
    bench = Bench()
    bench.monitor.hear(locate(from_text("01:00:00:00", FPS_25)), bench.now_ns)
    reading = bench.wait(3)
    assert (reading.state, str(reading.timecode)) == (ChaseState.STOPPED, "01:00:00:00")
    assert reading.fault == ""


def test_a_silence_is_a_dropout_then_lost() -> None:
    bench = Bench()
    bench.roll(2)
    reading = bench.wait(0.5)
    assert reading.fault.startswith("dropout: ")
    assert (reading.state, reading.dropouts) == (ChaseState.FREEWHEELING, 1)
    assert bench.wait(3).fault == "lost: nothing is heard any more"
    assert not bench.monitor.is_sound


def test_lost_quarter_frames_are_counted_and_shown_for_a_while() -> None:
    bench = Bench()
    bench.roll(2)
    bench.number += 3
    bench.now_ns += 3 * bench.quarter_ns
    assert bench.roll(1).fault == "dropouts: 3 quarter-frames missed so far"
    reading = bench.roll(3)
    assert (reading.fault, reading.missed_pieces) == ("", 3)
    assert bench.monitor.faults == ("dropouts: 3 quarter-frames missed so far",)


def test_another_rate_than_expected_is_wrong() -> None:
    reading = Bench(FrameRate.FPS_30, expected=FPS_25).roll(1)
    assert reading.fault == "wrong rate: the source sends 30 fps, expected 25 fps"


def test_a_rate_that_changes_is_named() -> None:
    bench = Bench()
    bench.roll(2)
    other = Bench(FrameRate.FPS_24)
    other.monitor, other.now_ns = bench.monitor, bench.now_ns
    assert other.roll(2).fault == "rate change: the source went from 25 fps to 24 fps"


def test_a_source_that_runs_at_another_rate_than_it_says_is_wrong() -> None:
    bench = Bench(FrameRate.FPS_30)
    quarter_ns = to_ns(FrameRate.FPS_29_97_DF.flicks_per_frame) // 4
    reading = bench.roll(12, quarter_ns=quarter_ns)
    assert reading.fault == ("wrong rate: the source says 30 fps and runs at 29.97 fps drop-frame")


def test_a_source_that_runs_at_no_rate_is_off_by_so_much() -> None:
    bench = Bench()
    reading = bench.roll(12, quarter_ns=bench.quarter_ns * 100 // 101)
    assert reading.fault.startswith("rate error: the source runs +")


def test_a_second_sender_is_a_duplicate_source() -> None:
    bench = Bench()
    bench.roll(1)
    for _ in range(100):
        bench.monitor.hear(bench.piece(bench.number), bench.now_ns)
        bench.monitor.hear(bench.piece(bench.number + 5000), bench.now_ns + 1000)
        bench.number += 1
        bench.now_ns += bench.quarter_ns
    fault = bench.monitor.read(bench.now_ns).fault
    assert fault == "duplicate source: a second sender, or this one wired twice"


def test_reverse_is_said_to_fire_nothing() -> None:
    bench = Bench()
    bench.number = 4000
    reading = bench.roll(2, way=-1)
    assert not reading.forward
    assert reading.fault == "reverse: the source plays backwards, and nothing fires"


def test_the_rate_a_source_runs_at_is_the_nearest_that_fits() -> None:
    assert rate_at(FPS_25, 0) is FPS_25
    assert rate_at(FPS_25, -40_000) is FrameRate.FPS_24
    assert rate_at(FrameRate.FPS_30, -999) is FrameRate.FPS_29_97_DF
    assert rate_at(FPS_25, 5_000) is None
