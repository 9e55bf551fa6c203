"""The page an analyst reads on a terminal: the score first, then what happened, why, and what is missing."""

from collections.abc import Iterable

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from records.analysis import Analysis, Claim
from records.event import Precedent
from records.impact import Impact
from terminal import wording
from terminal.change_wording import change_lines, former_line
from terminal.plain import plain

WIDE = 100  # columns from which the precedents fit a table; below it they are stacked
LONGEST_LINE = 110  # text wider than this is hard to read, however wide the window is


def print_page(analysis: Analysis, console: Console) -> None:
    """Prints the page. Outside text is shown literally: no markup, no control sequences."""
    width = min(console.width, LONGEST_LINE)
    for part in _parts(analysis, width):
        console.print(part, width=width, highlight=False, soft_wrap=False)


def print_precedents(precedents: tuple[Precedent, ...], console: Console) -> None:
    """Prints precedents alone, as a table or, in a narrow window, one under the other."""
    width = min(console.width, LONGEST_LINE)
    for part in _precedent_list(precedents, width):
        console.print(part, width=width, highlight=False)


def _parts(analysis: Analysis, width: int) -> Iterable[RenderableType]:
    yield from _impact(analysis.impact)
    yield from _changes(analysis)
    yield from _head(analysis)
    if analysis.impact.evidence != "not_scoreable":
        yield from _analysis(analysis)
        yield from _drivers(analysis.impact)
    yield from _precedents(analysis, width)
    yield from _quotes(analysis)
    yield from _missing(analysis)
    yield from _provenance(analysis)


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _labelled(label: str, value: str, *, width: int = 10) -> Table:
    """A label and its value, wrapped under itself; 10 columns hold the longest label, "Sentiment"."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=width, style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text(label), Text(plain(value)))
    return table


def _impact(impact: Impact) -> Iterable[RenderableType]:
    title = Text("Market Impact ", style="bold")
    title.append(wording.score(impact), style="bold reverse" if impact.score is not None else "bold")
    lines = wording.impact_lines(impact)
    if impact.score is None:
        title.append(f"  {plain(lines[0])}", style="not bold")
        yield title
        return
    yield title
    for line in lines:
        yield Padding(Text(plain(line)), (0, 0, 0, 2), expand=False)


def _changes(analysis: Analysis) -> Iterable[RenderableType]:
    against = former_line(analysis)
    if against is None:
        return
    heading = _heading("What changed")
    yield heading.append(f"  {plain(against)}", style="not bold dim")
    for line in change_lines(analysis):
        yield _labelled("-", line, width=1)


def _head(analysis: Analysis) -> Iterable[RenderableType]:
    article, reading = analysis.article, analysis.reading
    yield _heading(plain(article.title))
    yield Text(
        plain(f"{wording.source_line(article)} · as of {wording.moment(analysis.provenance.as_of)}"), style="dim"
    )
    if article.url:
        yield Text(plain(article.url), style="dim", overflow="fold")
    yield Text()
    yield _labelled("Tickers", ", ".join(analysis.tickers) or "none found")
    yield _labelled("Tags", ", ".join(reading.tags) or "none")
    yield _labelled("Event", wording.words(reading.event_type))
    yield _labelled("Sentiment", wording.sentiment(reading.sentiment))
    yield _labelled("Story", wording.story_line(analysis.story))
    yield _heading("Summary")
    yield Text(plain(analysis.shown_summary))


def _analysis(analysis: Analysis) -> Iterable[RenderableType]:
    sentences = analysis.shown_sentences
    yield _heading("Analysis")
    if not sentences:
        yield Text("No sentence passed the check, so there is no analysis to show.")
        return
    yield Text(" ").join(_sentence(claim, text, analysis) for claim, text in sentences)


def _sentence(claim: Claim, words: str, analysis: Analysis) -> Text:
    text = Text(plain(words))
    citations = "".join(f"[{name}]" for name in wording.citations(claim, analysis))
    return text.append(f" {citations}", style="dim") if citations else text


def _drivers(impact: Impact) -> Iterable[RenderableType]:
    rows = wording.driver_rows(impact)
    if not rows:
        return
    yield _heading("What makes the score")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, show_footer=True, footer_style="bold")
    table.add_column("Step", footer="Score", no_wrap=True)
    table.add_column("In numbers", ratio=1, overflow="fold")
    table.add_column("Change", footer=wording.score(impact), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(plain(row.name)), Text(plain(row.text)), row.contribution)
    yield table


def _precedents(analysis: Analysis, width: int) -> Iterable[RenderableType]:
    if analysis.impact.evidence == "not_scoreable" and not analysis.precedents:
        return
    yield _heading("Closest precedents")
    if not analysis.precedents:
        yield Text(wording.PRECEDENT_ABSENCE[analysis.precedent_status])
    else:
        yield from _precedent_list(analysis.precedents, width)


def _precedent_list(precedents: tuple[Precedent, ...], width: int) -> Iterable[RenderableType]:
    if width >= WIDE:
        yield _precedent_table(precedents)
        return
    for precedent in precedents:
        yield from _stacked(precedent)


def _precedent_table(precedents: tuple[Precedent, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("Date", no_wrap=True)
    table.add_column("Tickers", max_width=10, overflow="fold")
    table.add_column("Event, why it is similar, how it differs", ratio=1, overflow="fold")
    table.add_column("Move", justify="right", no_wrap=True)
    table.add_column("z", justify="right", no_wrap=True)
    table.add_column("Window", max_width=12)
    table.add_column("Alike", justify="right", no_wrap=True)
    for precedent in precedents:
        reaction = precedent.reaction
        event = Text(plain(precedent.summary))
        event.append(f"\n{plain(precedent.why)}", style="dim")
        if precedent.differs:
            event.append(f"\n{plain(wording.differences(precedent))}", style="dim")
        table.add_row(
            precedent.id,
            str(precedent.published_on),
            Text(plain(", ".join(precedent.tickers))),
            event,
            wording.percent(reaction.simple_return),
            wording.sigmas(reaction),
            wording.window(reaction),
            f"{precedent.similarity:.2f}",
        )
    return table


def _stacked(precedent: Precedent) -> Iterable[RenderableType]:
    head = Text(f"{precedent.id}  {precedent.published_on}  ")
    head.append(plain(wording.move_line(precedent)), style="bold")
    yield head
    yield Padding(Text(plain(precedent.summary)), (0, 0, 0, 4), expand=False)
    why = plain(f"{', '.join(precedent.tickers) or 'no ticker'} · alike {precedent.similarity:.2f} · {precedent.why}")
    yield Padding(Text(why, style="dim"), (0, 0, 0, 4), expand=False)
    if precedent.differs:
        yield Padding(Text(plain(wording.differences(precedent)), style="dim"), (0, 0, 0, 4), expand=False)


def _quotes(analysis: Analysis) -> Iterable[RenderableType]:
    cited = wording.cited_facts(analysis)
    if not cited:
        return
    yield _heading("Quoted from the article")
    for fact in cited:
        yield _labelled(fact.id, f"“{fact.quote}”", width=4)


def _missing(analysis: Analysis) -> Iterable[RenderableType]:
    lines = wording.missing_lines(analysis)
    if not lines:
        return
    yield _heading("Missing or left out")
    for line in lines:
        yield _labelled("-", line, width=1)


def _provenance(analysis: Analysis) -> Iterable[RenderableType]:
    yield Text(f"\n{plain(wording.provenance_line(analysis.provenance))}", style="dim")
    yield Text(f"Again: rhyme show {analysis.id}", style="dim")
