"""A capable model's words are checked, repaired once, and dropped where they still fail."""

from collections.abc import Callable

from agent.check import check
from agent.evidence import Evidence
from agent.explain import ExplainAnswer, SentenceAnswer, explain
from agent.explain_composed import compose, tone_words
from agent.progress import silent
from models.scripted import Reply, ScriptedModel
from prompts import PromptLibrary
from records.analysis import Explanation, Sentence
from records.event import Precedent
from records.market import Candidate, Instrument
from records.reading import Sentiment

TRUE = SentenceAnswer(text="Contoso holders get a premium of 26.6 percent.", support=["A2"])
FALSE = SentenceAnswer(text="Contoso holders get a premium of 99 percent.", support=["A2"])


def test_a_clean_answer_needs_one_call(evidence: Evidence) -> None:
    with ScriptedModel([Reply(ExplainAnswer(sentences=[TRUE]), purpose="explain")]) as model:
        explained = explain(evidence, model, PromptLibrary(), silent)
    assert [claim.verdict for claim in explained.claims] == ["supported"]


def test_faults_are_told_to_the_model_once_and_the_better_version_wins(evidence: Evidence) -> None:
    def told(prompt: object) -> bool:
        return "“99 percent” is not in what it cites" in str(prompt)

    steps = [
        Reply(ExplainAnswer(sentences=[TRUE, FALSE]), purpose="explain"),
        Reply(ExplainAnswer(sentences=[TRUE]), purpose="explain.repair", when=told),
    ]
    with ScriptedModel(steps) as model:
        explained = explain(evidence, model, PromptLibrary(), silent)
    assert [claim.verdict for claim in explained.claims] == ["supported"]
    assert len(explained.calls) == 2


def test_what_still_fails_after_the_repair_is_dropped_and_kept_on_record(evidence: Evidence) -> None:
    steps = [Reply(ExplainAnswer(sentences=[TRUE, FALSE])), Reply(ExplainAnswer(sentences=[TRUE, FALSE]))]
    with ScriptedModel(steps) as model:
        explained = explain(evidence, model, PromptLibrary(), silent)
    assert [claim.verdict for claim in explained.claims] == ["supported", "dropped"]
    assert explained.claims[1].faults


def test_a_repair_that_is_worse_is_not_taken(evidence: Evidence) -> None:
    steps = [Reply(ExplainAnswer(sentences=[TRUE, FALSE])), Reply(ExplainAnswer(sentences=[FALSE, FALSE]))]
    with ScriptedModel(steps) as model:
        explained = explain(evidence, model, PromptLibrary(), silent)
    assert [claim.verdict for claim in explained.claims] == ["supported", "dropped"]


def test_a_repair_that_says_less_is_not_taken(evidence: Evidence) -> None:
    other = SentenceAnswer(text="Northwind pays $35.3 billion for Contoso.", support=["A1"])
    steps = [Reply(ExplainAnswer(sentences=[TRUE, other, FALSE])), Reply(ExplainAnswer(sentences=[TRUE]))]
    with ScriptedModel(steps) as model:
        explained = explain(evidence, model, PromptLibrary(), silent)
    assert [claim.verdict for claim in explained.claims] == ["supported", "supported", "dropped"]


def test_a_fact_is_shown_as_its_quote_which_alone_carries_figures(evidence: Evidence) -> None:
    fact = evidence.reading.facts[1].model_copy(update={"text": "a premium of 31.4 percent"})
    reading = evidence.reading.model_copy(update={"facts": (evidence.reading.facts[0], fact)})
    with ScriptedModel([Reply(ExplainAnswer(sentences=[TRUE]))]) as model:
        explain(Evidence(**{**evidence.__dict__, "reading": reading}), model, PromptLibrary(), silent)
        sent = str(model.prompts[0].messages[1].content)
    assert "26.6 percent" in sent
    assert "31.4 percent" not in sent


def test_the_model_is_shown_every_value_it_may_cite(evidence: Evidence) -> None:
    with ScriptedModel([Reply(ExplainAnswer(sentences=[TRUE]))]) as model:
        explain(evidence, model, PromptLibrary(), silent)
        sent = model.prompts[0].messages[1].content
    for piece in (
        "A2:",
        "P1:",
        "P5:",
        "+0.6 %",
        "score",
        "sentiment: article: positive",
        "merger acquisition (",
    ):
        assert piece in sent


def test_an_article_that_is_not_scoreable_gets_no_investment_analysis_and_no_call(evidence: Evidence) -> None:
    impact = evidence.impact.model_copy(
        update={
            "evidence": "not_scoreable",
            "reason": "no market",
            **dict.fromkeys(("score", "low", "high", "p_material", "multiplier", "n_eff", "ticker")),
        }
    )
    idle = Evidence(**{**evidence.__dict__, "impact": impact})
    with ScriptedModel([]) as model:
        assert explain(idle, model, PromptLibrary(), silent).claims == ()


def test_without_precedents_the_composed_text_says_so(evidence: Evidence) -> None:
    alone = Evidence(**{**evidence.__dict__, "precedents": (), "recalled": ()})
    text = " ".join(sentence.text for sentence in compose(alone).sentences)
    assert "No past event known at the time is similar enough" in text


def test_tones_are_named_by_their_probability() -> None:
    assert tone_words(Sentiment.of(0.05, 0.05, 0.9)) == "clearly positive"
    assert tone_words(Sentiment.of(0.45, 0.15, 0.4)) == "slightly negative"
    assert tone_words(Sentiment.of(0.2, 0.6, 0.2)) == "mostly neutral"


def test_the_backer_of_an_unlisted_company_is_told_and_stands_the_check(evidence: Evidence) -> None:
    backed = Candidate(
        instrument=Instrument(ticker="CTSO", name="Contoso"),
        name="Northwind",
        match="backer",
        note="Contoso is its investor with a revenue share since 2019-07-22 (Northwind announcement 2019-07-22)",
        in_title=True,
    )
    altered = Evidence(**{**evidence.__dict__, "candidates": (backed,)})
    told = check(compose(altered), altered)[0]
    assert told.text.startswith("Northwind is not listed; its listed exposure is Contoso (CTSO)")
    assert (told.verdict, told.faults) == ("supported", ())


def test_a_company_that_is_its_own_instrument_may_not_be_called_unlisted(evidence: Evidence) -> None:
    told = check(Explanation(sentences=(Sentence(text="Northwind is not listed.", support=("A1",)),)), evidence)[0]
    assert told.verdict == "dropped"


def test_a_precedent_whose_own_words_deny_something_is_told_with_its_move(
    evidence: Evidence, make_precedent: Callable[..., Precedent]
) -> None:
    summary = "T1 looked into an effort to obtain customers' data but did not think any accounts had been compromised."
    denying = make_precedent(1, z=-0.9, ticker="T1").model_copy(update={"summary": summary})
    altered = Evidence(**{**evidence.__dict__, "precedents": (denying,), "recalled": (denying,)})
    told = [one for one in check(compose(altered), altered) if one.text.startswith("The closest precedent")]
    assert [(one.verdict, one.faults) for one in told] == [("supported", ())]


def test_a_figure_that_a_sentence_denies_is_not_supported_by_one_that_states_it(evidence: Evidence) -> None:
    text = "Contoso holders did not get a premium of 26.6 percent."
    told = check(Explanation(sentences=(Sentence(text=text, support=("A2",)),)), evidence)[0]
    assert told.verdict == "dropped"
