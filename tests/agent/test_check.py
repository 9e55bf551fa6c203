"""The check lets nothing through that the cited evidence does not say."""

import pytest

from agent.check import check
from agent.evidence import Evidence
from agent.explain_composed import compose
from records.analysis import Explanation, Sentence
from records.taxonomy import EventType


def verdict(evidence: Evidence, text: str, *support: str) -> tuple[str, ...]:
    [claim] = check(Explanation(sentences=(Sentence(text=text, support=support),)), evidence)
    assert (claim.verdict == "dropped") == bool(claim.faults)
    return claim.faults


@pytest.mark.parametrize(
    ("text", "support"),
    [
        ("Contoso holders get a premium of 26.6 percent.", ("A2",)),
        ("Northwind pays $35.3 billion for Contoso.", ("A1",)),
        ("An earlier takeover moved T1 by +0.6 %, or 0.5σ.", ("P1",)),
        ("The tone is clearly positive (.80).", ("sentiment",)),
        ("The premium of 26.6 percent compares with a $4 billion deal before.", ("A2", "P2")),
    ],
)
def test_what_the_citation_says_is_supported(evidence: Evidence, text: str, support: tuple[str, ...]) -> None:
    assert verdict(evidence, text, *support) == ()


@pytest.mark.parametrize(
    ("text", "support", "fault"),
    [
        ("Contoso holders get a premium of 27.6 percent.", ("A2",), "27.6 percent"),
        ("Northwind pays $35.3 billion.", ("A2",), "$35.3 billion"),
        ("The deal was signed on May 3, 2021.", ("A1",), "May 3, 2021"),
        ("It resembles Fabrikam's purchase.", ("A1",), "Fabrikam"),
        ("It is bad for its rival (ZZZZ).", ("A1",), "ZZZZ"),
        ("A premium of 26.6 percent.", ("A9",), "A9, which does not exist"),
        ("A premium of 26.6 percent.", (), "cites nothing"),
        ("T1 moved -0.6 %.", ("P1",), "-0.6 %"),
    ],
)
def test_what_the_citation_does_not_say_is_dropped_with_its_reason(
    evidence: Evidence, text: str, support: tuple[str, ...], fault: str
) -> None:
    faults = verdict(evidence, text, *support)
    assert any(fault in one for one in faults), faults


def test_the_check_holds_a_move_against_the_fall_of_the_price_as_shown(fallen: Evidence) -> None:
    assert verdict(fallen, "T1 fell by 47.5 % against its market.", "P1") == ()
    assert any("64.4 %" in fault for fault in verdict(fallen, "T1 fell by 64.4 % against its market.", "P1"))


def test_a_composed_sentence_says_the_fall_of_the_price(fallen: Evidence) -> None:
    text = " ".join(sentence.text for sentence in compose(fallen).sentences)
    assert "T1 then moved -47.5 % against its market over one session, 53.7σ" in text
    assert [claim.faults for claim in check(compose(fallen), fallen) if claim.verdict == "dropped"] == []


def test_a_supported_claim_points_at_the_characters_of_its_facts(evidence: Evidence) -> None:
    [claim] = check(Explanation(sentences=(Sentence(text="A premium of 26.6 percent.", support=("A2",)),)), evidence)
    assert [evidence.body[span.start : span.end] for span in claim.spans] == ["a premium of 26.6 percent"]


def test_every_composed_sentence_passes_the_same_check(evidence: Evidence) -> None:
    claims = check(compose(evidence), evidence)
    assert len(claims) >= 6
    assert [claim.faults for claim in claims if claim.verdict == "dropped"] == []


def test_a_composed_sentence_with_a_wrong_figure_would_be_caught(evidence: Evidence) -> None:
    sentences = compose(evidence).sentences
    altered = [Sentence(text=one.text.replace("σ", "7σ"), support=one.support) for one in sentences if "σ" in one.text]
    claims = check(Explanation(sentences=tuple(altered)), evidence)
    assert altered
    assert all(claim.verdict == "dropped" for claim in claims)


def test_the_readers_own_words_about_a_fact_carry_nothing(evidence: Evidence) -> None:
    fact = evidence.reading.facts[1].model_copy(update={"text": "a premium of 31.4 percent"})
    reading = evidence.reading.model_copy(update={"facts": (evidence.reading.facts[0], fact)})
    altered = Evidence(**{**evidence.__dict__, "reading": reading})
    assert any("31.4 percent" in fault for fault in verdict(altered, "A premium of 31.4 percent.", "A2"))


def test_grounds_of_a_precedent_name_its_field(evidence: Evidence) -> None:
    sentence = Sentence(text="An earlier takeover worth $4 billion moved T1 by +0.6 %.", support=("P1",))
    [claim] = check(Explanation(sentences=(sentence,)), evidence)
    assert {(one.words, one.source, one.field) for one in claim.grounds} == {
        ("$4 billion", "P1", "summary"),
        ("+0.6 %", "P1", "reaction"),
    }


@pytest.mark.parametrize("event_type", list(EventType))
def test_composed_sentences_pass_for_every_event_type(evidence: Evidence, event_type: EventType) -> None:
    reading = evidence.reading.model_copy(update={"event_type": event_type})
    altered = Evidence(**{**evidence.__dict__, "reading": reading})
    assert [claim.faults for claim in check(compose(altered), altered) if claim.faults] == []


def test_grounds_of_a_quote_within_a_sentence_point_at_the_article(evidence: Evidence) -> None:
    [claim] = check(Explanation(sentences=(Sentence(text="A premium of 26.6 percent.", support=("A2",)),)), evidence)
    [ground] = claim.grounds
    assert ground.span is not None
    assert evidence.body[ground.span.start : ground.span.end] == "26.6 percent"
