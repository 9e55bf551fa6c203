"""A sentence with marks in the place of everything that a translation may not touch: figures, dates, names.

A translator sees "Revenue of [[1]] rose [[2]]" and what each mark stands for; the marks it gives back are filled in by code. So no
digit, ticker or company's name of a translation was ever written by a model.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.named import proper_names
from agent.translation.forms import Form, forms_of

MARK = re.compile(r"\[\[(\d{1,3})\]\]")
_DIGITS = re.compile(r"[\w.,/-]*\d[\w/-]*(?:[.,]\d+)*")
"""What is left with a digit in it: the name of a form, a model, an index."""


@dataclass(frozen=True)
class Marked:
    """A sentence with `[[1]]`, `[[2]]`, … and what each stands for, in order of the sentence."""

    source: str
    text: str
    forms: tuple[Form, ...]

    def filled(self, translation: str) -> str:
        """`translation` with each mark's form in its place; marks that do not exist stay as they are."""

        def form(found: re.Match[str]) -> str:
            number = int(found[1])
            return self.forms[number - 1].shown if 1 <= number <= len(self.forms) else found.group()

        return MARK.sub(form, translation)

    def without_names(self) -> str:
        """The English words between the marks."""
        return MARK.sub(" ", self.text)


def marked(sentence: str, names: Iterable[str], language: str) -> Marked:
    """`names`: companies, people and tickers, kept letter by letter; so are words with a digit that no figure takes up."""
    forms = _apart(_longest_first((*_names(sentence, names), *forms_of(sentence, language))))
    forms = _apart([*forms, *_left_over(sentence, forms)])
    text, at = [], 0
    for number, form in enumerate(forms, 1):
        text += [sentence[at : form.start], f"[[{number}]]"]
        at = form.end
    return Marked(sentence, "".join((*text, sentence[at:])), tuple(forms))


def _names(sentence: str, names: Iterable[str]) -> Iterator[Form]:
    for name in dict.fromkeys(names):
        if len(name) > 1:
            for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", sentence):
                yield Form(*found.span(), found.group(), "name")
    for start, end in proper_names(sentence):
        yield Form(start, end, sentence[start:end], "name")


def _longest_first(forms: Iterable[Form]) -> list[Form]:
    return sorted(forms, key=lambda one: (one.start - one.end, one.start))


def _apart(forms: Sequence[Form]) -> list[Form]:
    """Those that overlap none before them, by place."""
    kept: list[Form] = []
    for form in forms:
        if all(form.end <= other.start or other.end <= form.start for other in kept):
            kept.append(form)
    return sorted(kept, key=lambda one: one.start)


def _left_over(sentence: str, forms: Sequence[Form]) -> Iterator[Form]:
    rest = list(sentence)
    for form in forms:
        rest[form.start : form.end] = "\n" * (form.end - form.start)
    for found in _DIGITS.finditer("".join(rest)):
        yield Form(*found.span(), found.group(), "name")
