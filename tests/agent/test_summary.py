"""A reader's own words pass the check of the analysis: what the article does not say is left out and counted."""

import pytest

from agent.read_embedded import checked_summary
from agent.summary import hold_facts, hold_summary, strange_words
from records.article import Article
from records.market import Candidate
from records.reading import Fact, Span

TRUE = "Northwind agreed to buy Contoso for $35.3 billion."
Candidates = tuple[Candidate, ...]


@pytest.mark.parametrize(
    "false",
    [
        "Northwind agreed to buy Contoso for $36.3 billion.",
        "Fabrikam agreed to buy Contoso for $35.3 billion.",
        "Contoso agreed to buy Northwind for $35.3 billion.",
        "Northwind did not agree to buy Contoso for $35.3 billion.",
        "The deal should close in early 2026.",
    ],
)
def test_a_sentence_that_the_article_does_not_carry_is_left_out_and_counted(
    article: Article, candidates: Candidates, false: str
) -> None:
    held = hold_summary(f"{TRUE} {false}", article, candidates)
    assert (held.kept, held.dropped) == ((TRUE,), 1)


def test_a_repetition_and_a_stump_are_left_out_uncounted(article: Article, candidates: Candidates) -> None:
    held = hold_summary(f"{TRUE} {TRUE} And it goes on", article, candidates)
    assert (held.kept, held.dropped) == ((TRUE,), 0)


def test_a_small_models_sentence_has_no_words_that_the_article_has_not(
    article: Article, candidates: Candidates
) -> None:
    true, more = "Northwind agreed to a premium for Contoso.", "Northwind will pay the government a premium."
    assert hold_summary(f"{true} {more}", article, candidates, own_words=False).kept == (true,)
    assert hold_summary(f"{true} {more}", article, candidates).kept == (true, more)


@pytest.mark.parametrize(
    ("sentence", "body"),
    [
        ("It explores investment in data centers.", "It will explore an investment in data centres."),
        ("The labor party won.", "The Labour party has won."),
        ("A theatre was sold for its fibres.", "A theater sold its fibers."),
    ],
)
def test_american_and_british_spellings_are_one_word(sentence: str, body: str) -> None:
    assert strange_words(sentence, body) == []


def test_a_small_models_sentence_is_carried_by_one_sentence_of_the_article(
    article: Article, candidates: Candidates
) -> None:
    merged = "The deal at a premium of 26.6 percent should close in early 2025."
    assert hold_summary(merged, article, candidates, own_words=False).dropped == 1
    assert hold_summary(merged, article, candidates).kept == (merged,)


def test_where_nothing_is_left_the_articles_own_lead_stands(article: Article, candidates: Candidates) -> None:
    quote = article.text.partition(". ")[0] + "."
    start = article.body.index(quote)
    facts = [Fact(id="A1", text=quote, quote=quote, span=Span(start=start, end=start + len(quote)))]
    assert checked_summary("It will save $9 billion.", article, facts, candidates) == (quote, 1)


def test_the_mark_of_a_list_is_no_part_of_a_summary(article: Article, candidates: Candidates) -> None:
    assert hold_summary(f"* {TRUE}", article, candidates).kept == (TRUE,)


def test_the_words_of_a_fact_say_no_more_than_its_quote(article: Article, candidates: Candidates) -> None:
    quote = "a premium of 26.6 percent"
    span = Span(start=article.body.index(quote), end=article.body.index(quote) + len(quote))
    true = Fact(id="A1", text="The premium is 26.6 percent.", quote=quote, span=span)
    more = Fact(id="A2", text="The premium is 26.6 percent, or $7 billion.", quote=quote, span=span)
    assert [fact.text for fact in hold_facts((true, more), article, candidates)] == [true.text, quote]
