from cuems.core.bus import LoadCommand
from cuems.core.cues import CueId
from cuems.core.desk import Answer, Asked, ProjectRead, Publish, Tell, Woke
from cuems.core.journal import kept_effects
from cuems.core.operator import LoadProject
from cuems.core.status import CuePlay, Loaded
from tests.build import show


class Tablet:
    """A client that holds more than a record can."""

    def __str__(self) -> str:
        return "client 3"


ASKED = Asked(client=Tablet(), address="/x", command=LoadProject("demo"), now_ns=1, position=2)
TOLD = Tell(LoadCommand(project="demo", load_seq=1, source=None))
EFFECTS = (Publish(CuePlay(CueId("a"), 0)), Publish(Loaded("demo")), TOLD, Answer(ASKED))


def test_whoever_is_answered_is_kept_by_name_whatever_the_event() -> None:
    for event in (Woke(1), ProjectRead(1, show(), None)):
        answer = kept_effects(event, EFFECTS)[-1]
        assert isinstance(answer, Answer)
        assert answer.asked.client == "client 3"


def test_what_is_in_the_show_is_not_kept_again_at_a_load() -> None:
    assert len(kept_effects(ProjectRead(1, show(), None), EFFECTS)) == len(EFFECTS) - 1
    assert len(kept_effects(Woke(1), EFFECTS)) == len(EFFECTS)
