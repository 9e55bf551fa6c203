"""Prompts begin with what stays the same, so that providers and the local engine can serve it from their prefix caches."""

import re

import pytest

from prompts import PromptLibrary
from prompts.library import FOLDER

LIBRARY = PromptLibrary()
_TURN = re.compile(r"^# (system|user)\s*$", re.M)
_VARIABLE = re.compile(r"{[{%][^}%]*\b(article|candidates|facts|precedents|score|faults)\b")


def turns(name: str) -> dict[str, str]:
    """The text of each turn as it stands in the file."""
    parts = _TURN.split((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", LIBRARY.names())
def test_nothing_that_changes_with_the_article_stands_in_the_system_text(name: str) -> None:
    assert _VARIABLE.search(turns(name)["system"]) is None


@pytest.mark.parametrize("name", LIBRARY.names())
def test_the_article_comes_first_and_the_task_last(name: str) -> None:
    if "article" not in LIBRARY.load(name).header.variables:
        pytest.skip("it shows no article")
    assert turns(name)["user"].lstrip().startswith('{% include "parts/article.md" %}')
