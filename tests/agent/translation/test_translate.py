"""An analysis in the output language: the whole path with a scripted model and a real database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from agent.analyze import Analyst
from agent.brief import Briefing
from agent.explain import ExplainAnswer, SentenceAnswer
from agent.read_capable import FactAnswer, MentionAnswer, ReadAnswer, SentimentAnswer
from agent.score import ScoreModel
from agent.translation.work import TranslateAnswer, TranslatedAnswer
from markets.desk import MarketDesk
from models.chat_model import Ask
from models.chat_model import Reply as ProviderReply
from models.scripted import Fail, Reply, ScriptedModel, Step
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.brief import BriefScope
from records.database import Database
from records.errors import ModelUnavailable
from records.taxonomy import EventType, Scope, Tag
from terminal.html_page import render_html
from terminal.output import AnalysisOutput
from terminal.page import print_page

PUBLISHED = datetime(2024, 3, 21, 15, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 5, tzinfo=UTC)
ENGLISH = "The justice department sued Apple over an illegal monopoly."
CLAIM = "Apple holds more than 65 percent of the market."
GERMAN = (
    "Das Justizministerium hat [[1]] wegen eines illegalen Monopols verklagt.",
    "[[1]] hält mehr als [[2]] des Marktes.",
)
ARTICLE = Article(
    id="feedfacefeedface",
    title="U.S. sues Apple, accusing it of an illegal smartphone monopoly",
    text="The justice department sued Apple over an illegal monopoly. Apple holds more than 65 percent of the market.",
    published_at=PUBLISHED,
    first_seen_at=NOW,
    language="en",
)


def reading() -> Reply:
    sides = SentimentAnswer(negative=0.8, neutral=0.15, positive=0.05)
    answer = ReadAnswer(
        summary=ENGLISH,
        event_type=EventType.REGULATORY_ACTION,
        tags=[Tag.ANTITRUST],
        mentions=[MentionAnswer(name="Apple", ticker="AAPL", role="subject", sentiment=sides, quote="Apple")],
        sentiment=sides,
        surprise=2,
        scheduled=False,
        scope=Scope.COMPANY,
        facts=[FactAnswer(text="Apple holds more than 65 percent.", quote=CLAIM)],
    )
    return Reply(answer, purpose="read")


EXPLAIN = Reply(ExplainAnswer(sentences=[SentenceAnswer(text=CLAIM, support=["A1"])]), purpose="explain")


def written(*texts: str, purpose: str = "translate") -> Reply:
    sentences = [TranslatedAnswer(number=number, text=text) for number, text in enumerate(texts, 1)]
    return Reply(TranslateAnswer(sentences=sentences), purpose=purpose)


def analyse(
    steps: Sequence[Step], folder: Path, to: str = "de", kind: type[ScriptedModel] = ScriptedModel
) -> tuple[Analysis, ScriptedModel]:
    model = kind(steps)
    with Database.open(folder / "rhyme.db") as database, model:
        analyst = Analyst(
            model=model,
            market=MarketDesk(),
            memory=None,
            archive=database,
            score_model=ScoreModel(),
            prompts=PromptLibrary(),
            clock=lambda: NOW,
            version="test",
            output_language=to,
        )
        analysis = analyst.analyze(ARTICLE)
        assert database.load_analysis(analysis.id) == analysis
        return analysis, model


def test_an_analysis_is_shown_in_german_with_the_english_that_was_checked_beside_it(tmp_path: Path) -> None:
    analysis, model = analyse([reading(), EXPLAIN, written(*GERMAN)], tmp_path)
    assert analysis.shown_summary == "Das Justizministerium hat Apple wegen eines illegalen Monopols verklagt."
    assert [text for _, text in analysis.shown_sentences] == ["Apple hält mehr als 65\u00a0% des Marktes."]
    assert (analysis.reading.summary, analysis.text) == (ENGLISH, CLAIM)
    assert analysis.translation is not None
    assert analysis.translation.kept_english == 0
    assert [call.purpose for call in analysis.provenance.model_calls] == ["read", "explain", "translate"]
    assert "translate" in analysis.provenance.prompts
    asked = model.prompts[-1].messages[-1].content
    assert "2. [[1]] holds more than [[2]] of the market. ([[1]] = Apple; [[2]] = 65\u00a0%)" in asked
    assert asked.endswith("Translate into German.")


def test_a_faulty_sentence_is_asked_for_once_more_with_its_faults_and_the_others_are_left_alone(tmp_path: Path) -> None:
    wrong = "[[1]] hält weniger als [[2]] des Marktes."
    steps = [reading(), EXPLAIN, written(GERMAN[0], wrong), written(GERMAN[1], purpose="translate.repair")]
    analysis, model = analyse(steps, tmp_path)
    assert [text for _, text in analysis.shown_sentences] == ["Apple hält mehr als 65\u00a0% des Marktes."]
    assert "- 1: it goes another way" in model.prompts[-1].messages[-1].content
    assert "justice department" not in model.prompts[-1].messages[-1].content


def test_what_fails_twice_stays_english_and_is_counted(tmp_path: Path) -> None:
    wrong = "[[1]] hält 70 Prozent des Marktes, [[2]] mehr."
    steps = [reading(), EXPLAIN, written(GERMAN[0], wrong), written(wrong, purpose="translate.repair")]
    analysis, _ = analyse(steps, tmp_path)
    assert analysis.translation is not None
    [sentence] = analysis.translation.analysis
    assert (sentence.text, sentence.source) == (CLAIM, CLAIM)
    assert sentence.faults == ("it has a figure of its own",)
    assert analysis.provenance.missing[-1] == (
        "1 sentence stays in English: the German could not be held against what was checked"
    )
    assert analysis.shown_summary.startswith("Das Justizministerium")


def test_a_sentence_the_model_leaves_out_stays_english(tmp_path: Path) -> None:
    left = written(GERMAN[0])
    analysis, _ = analyse([reading(), EXPLAIN, left, written("x", purpose="translate.repair")], tmp_path)
    assert analysis.shown_sentences[0][1] == CLAIM


def test_an_order_in_a_translation_is_not_shown(tmp_path: Path) -> None:
    wrong = "[[1]] hält mehr als [[2]] des Marktes, siehe www.example.com/login."
    steps = [reading(), EXPLAIN, written(GERMAN[0], wrong), written(wrong, purpose="translate.repair")]
    analysis, _ = analyse(steps, tmp_path)
    assert "example" not in analysis.model_dump_json()


def test_an_answer_in_no_form_leaves_the_english_and_says_so(tmp_path: Path) -> None:
    analysis, _ = analyse([reading(), EXPLAIN, Reply("no JSON"), Reply("no JSON either")], tmp_path)
    assert analysis.translation is None
    assert analysis.shown_summary == ENGLISH
    assert analysis.provenance.missing[-1].startswith("the translation into German failed, so the words are English: ")


def test_a_second_answer_in_no_form_keeps_what_the_first_had_right_and_its_call(tmp_path: Path) -> None:
    wrong = "[[1]] hält weniger als [[2]] des Marktes."
    steps = [reading(), EXPLAIN, written(GERMAN[0], wrong), Reply("no JSON"), Reply("no JSON either")]
    analysis, _ = analyse(steps, tmp_path)
    assert analysis.translation is not None
    assert analysis.shown_summary.startswith("Das Justizministerium")
    [sentence] = analysis.translation.analysis
    assert (sentence.text, sentence.faults[0]) == (CLAIM, "it goes another way")
    assert sentence.faults[1].startswith("no second version: ")
    assert "translate" in [call.purpose for call in analysis.provenance.model_calls]


def test_a_model_out_of_reach_fails_the_analysis_as_everywhere(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        analyse([reading(), EXPLAIN, Fail(ModelUnavailable("no answer"), purpose="translate")], tmp_path)


class SmallModel(ScriptedModel):
    """Plays a capable model's steps and calls itself embedded once these are played."""

    def _send(self, ask: Ask) -> ProviderReply:
        reply = super()._send(ask)
        if self._played == len(self._steps):
            self.profile = "embedded"
        return reply


def test_a_small_model_is_not_asked_to_translate_and_the_analysis_says_so(tmp_path: Path) -> None:
    analysis, _ = analyse([reading(), EXPLAIN], tmp_path, kind=SmallModel)
    assert analysis.translation is None
    assert analysis.provenance.missing[-1] == (
        "the translation into German was not asked for: the embedded model writes English only"
    )


def test_english_asks_for_no_translation(tmp_path: Path) -> None:
    analysis, _ = analyse([reading(), EXPLAIN], tmp_path, to="en")
    assert analysis.translation is None
    assert analysis.shown_sentences[0][1] == CLAIM


def test_pages_show_the_translation_and_json_has_both(tmp_path: Path) -> None:
    analysis, _ = analyse([reading(), EXPLAIN, written(*GERMAN)], tmp_path)
    console = Console(width=100, record=True)
    print_page(analysis, console)
    for page in (console.export_text(), render_html(analysis)):
        assert "Das Justizministerium hat Apple" in page
        assert "hält mehr als 65" in page
        assert ENGLISH not in page.replace("\n", " ")
    told = AnalysisOutput.of(analysis)
    assert (told.summary, told.analysis) == (ENGLISH, CLAIM)
    assert told.translation is not None
    assert (told.translation.language, told.translation.analysis) == (
        "de",
        "Apple hält mehr als 65\u00a0% des Marktes.",
    )


def test_the_brief_tells_a_story_in_the_language_of_its_analysis(tmp_path: Path) -> None:
    analyse([reading(), EXPLAIN, written(*GERMAN)], tmp_path)
    with Database.open(tmp_path / "rhyme.db") as database:
        brief = Briefing(database, lambda: NOW).write(
            BriefScope(kind="everything"), since=datetime(2024, 3, 1, tzinfo=UTC)
        )
    assert brief.stories[0].sentence.text.startswith("Das Justizministerium hat Apple")
