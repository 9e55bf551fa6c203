"""Faithful translations made wrong, each in one way that a translator could be wrong in."""

import re
from collections.abc import Iterator
from itertools import pairwise

from agent.translation.marks import MARK, Marked

_OPPOSITES = {
    "de": {
        "erhöht": "gesenkt", "positiv": "negativ", "fielen": "stiegen", "gesenkt": "erhöht",
        "fiel": "stieg", "gestiegen": "gefallen", "verringerte": "verbesserte", "schnellere": "langsamere",
    },
    "fr": {
        "augmenté": "réduit", "positif": "négatif", "chuté": "bondi", "abaissé": "relevé",
        "reculé": "progressé", "monté": "tombé", "contractée": "améliorée", "rapide": "lente",
    },
    "es": {
        "aumentó": "redujo", "positivo": "negativo", "cayeron": "subieron", "recortó": "elevó",
        "cayó": "subió", "subido": "bajado", "redujo": "amplió", "rápida": "lenta",
    },
    "it": {
        "aumentato": "ridotto", "positivo": "negativo", "scese": "salite", "tagliato": "alzato",
        "sceso": "salito", "salito": "sceso", "ridotto": "ampliato", "rapida": "lenta",
    },
    "pt": {
        "elevou": "reduziu", "positivo": "negativo", "caíram": "subiram", "reduziu": "elevou",
        "caiu": "subiu", "subido": "caído", "recuou": "avançou", "rápida": "lenta",
    },
    "nl": {
        "verhoogde": "verlaagde", "positief": "negatief", "daalde": "steeg", "verlaagde": "verhoogde",
        "gestegen": "gedaald", "kromp": "groeide", "sneller": "trager",
    },
}  # fmt: skip
_DENIALS = {
    "de": {"nicht ": "", "Kein ": "Ein ", "keines ": "eines ", "Ohne ": "Mit "},
    "fr": {"ne s'attend pas": "s'attend", "n'ont pas encore": "ont déjà", "Aucun ": "Un ", "aucune des": "l'une des",
           "Sans ": "Avec "},
    "es": {"no espera": "espera", "no han": "ya han", "Ningún ": "Un ", "ninguna ": "una ", "Sin ": "Con "},
    "it": {"non prevede": "prevede", "non hanno": "hanno", "Nessun ": "Un ", "nessuna ": "una ", "Senza ": "Con "},
    "pt": {"não espera": "espera", "não decidiram": "decidiram", "Nenhum ": "Um ", "nenhuma ": "uma ", "Sem ": "Com "},
    "nl": {"niet ": "", "Geen ": "Een ", "geen van": "een van", "Zonder ": "Met "},
}  # fmt: skip
_DENIED = {"de": "nicht", "fr": "ne pas", "es": "no", "it": "non", "pt": "não", "nl": "niet"}
_FRACTIONS = {
    "de": ("fast doppelt so viele, wie", "mehr, als"), "fr": ("le double de", "autant que"), "es": ("el doble de", "todo"),
    "it": ("il doppio di", "tutto"), "pt": ("o dobro do", "tudo o"), "nl": ("het dubbele van", "alles"),
}  # fmt: skip
_CLAUSE = {
    "de": "was die Anleger freute", "fr": "ce qui a réjoui les investisseurs", "es": "lo que alegró a los inversores",
    "it": "il che ha rallegrato gli investitori", "pt": "o que alegrou os investidores", "nl": "wat beleggers verheugde",
}  # fmt: skip
_FIGURE = {
    "de": "etwa 3 Prozent mehr", "fr": "environ 3 % de plus", "es": "un 3 % más", "it": "il 3% in più", "pt": "3% a mais",
    "nl": "ongeveer 3 procent meer",
}  # fmt: skip


def altered(source: Marked, good: str, code: str, others: dict[str, str], stranger: str) -> Iterator[tuple[str, str]]:
    """(what is wrong, the wrong translation). `others`: the sentence in every language; `stranger`: a company not in it."""
    yield from _marks(source, good)
    yield from _senses(good, code)
    yield "left in English", source.text
    other = next(name for name in others if name != code)
    yield "in another language", others[other]
    yield "a clause added", f"{good[:-1]}, {_CLAUSE[code]}."
    yield "a figure added", f"{good[:-1]}, {_FIGURE[code]}."
    yield "another company named", f"{good[:-1]}, {stranger}."
    yield "half of it left out", " ".join(good.split()[: len(good.split()) // 3]) + "."
    yield "an address added", f"{good} www.example.com/login"


def _marks(source: Marked, good: str) -> Iterator[tuple[str, str]]:
    marks = list(MARK.finditer(good))
    if not marks:
        return
    last = marks[-1]
    yield "a figure or name left out", good[: last.start()] + good[last.end() :]
    yield "a figure or name twice", good.replace(last.group(), f"{last.group()} {last.group()}")
    yield "a figure written by the translator", good.replace(last.group(), "17")
    for first, second in pairwise(marks):
        one, other = (source.forms[int(mark[1]) - 1] for mark in (first, second))
        if "name" not in (one.kind, other.kind):
            between = good[first.end() : second.start()]
            yield (
                "two figures exchanged",
                good[: first.start()] + second.group() + between + first.group() + good[second.end() :],
            )


def _senses(good: str, code: str) -> Iterator[tuple[str, str]]:
    for word, opposite in _OPPOSITES[code].items():
        found = re.sub(rf"(?<!\w){word}(?!\w)", opposite, good)
        if found != good:
            yield "the other direction", found
            break
    for word, instead in _DENIALS[code].items():
        if word in good:
            yield "a denial left out", good.replace(word, instead)
            break
    else:
        head, _, tail = good.partition(" ")
        yield "a denial added", f"{head} {_DENIED[code]} {tail}"
    told, instead = _FRACTIONS[code]
    if told in good:
        yield "a multiple left out", good.replace(told, instead)
