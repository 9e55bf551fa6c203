"""From settings to a language model behind its gateway, with the fallback if one is set."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from records.times import Clock
from terminal.settings import Settings

if TYPE_CHECKING:
    from models.gateway import Books
    from models.interface import LanguageModel
    from records.spending import BudgetLimits


def open_behind_gateway(
    settings: Settings, open_books: "Callable[[], Books]", *, run_id: str, clock: Clock
) -> "LanguageModel":
    """The model of the settings. A local one has cache and ledger; limits, breaker and budgets are for those that bill.

    Raises ModelError, SettingsError.
    """

    def open_one(one: Settings) -> "LanguageModel":
        return _opened(one, open_books, run_id, clock)

    if settings.fallback_model is None:
        return open_one(settings)
    return _with_fallback(settings, open_one)


def _with_fallback(settings: Settings, open_one: "Callable[[Settings], LanguageModel]") -> "LanguageModel":
    from models.fallback import FallbackModel

    with ExitStack() as closing:
        first = open_one(settings)
        closing.callback(first.close)
        second = open_one(settings.model_copy(update={"model": settings.fallback_model}))
        closing.callback(second.close)
        both = FallbackModel(first, second)
        closing.pop_all()
        return both


def _opened(settings: Settings, open_books: "Callable[[], Books]", run_id: str, clock: Clock) -> "LanguageModel":
    from models.breaker import Breaker
    from models.gateway import Gateway
    from models.limiter import Limiter, RateLimits
    from models.open_model import open_model
    from terminal.assembly import model_spec, runs_here

    spec = model_spec(settings)
    if runs_here(settings):
        return open_model(spec, gate=Gateway(open_books, run_id, settings.answer_cache, now=clock))
    limits = RateLimits(settings.concurrency, settings.requests_per_minute, settings.tokens_per_minute)
    gate = Gateway(
        open_books,
        run_id,
        settings.answer_cache,
        limiter=Limiter(limits),
        breaker=Breaker(f"The model {settings.model}"),
        budget=budget_limits(settings),
        now=clock,
    )
    return open_model(spec, gate=gate)


def budget_limits(settings: Settings) -> "BudgetLimits":
    """The budgets of the settings."""
    from records.spending import NANO_USD, BudgetLimit, BudgetLimits

    def limit(usd: float | None, tokens: int | None) -> BudgetLimit:
        return BudgetLimit(None if usd is None else round(usd * NANO_USD), tokens)

    return BudgetLimits(
        run=limit(settings.budget_run_usd, settings.budget_run_tokens),
        day=limit(settings.budget_day_usd, settings.budget_day_tokens),
        month=limit(settings.budget_month_usd, settings.budget_month_tokens),
    )
