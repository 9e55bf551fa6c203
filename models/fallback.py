"""Two models as one: where the first is not to be had, the second answers, and its calls say so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeVar

from models.chat_model import ChatModel
from models.interface import Answer, Exchange, LanguageModel, OnRestart, OnToken, Prompt, Schema, Turned
from records.analysis import ModelCall
from records.errors import ModelCannot, ModelQuotaSpent, ModelUnavailable, SettingsError

Value = TypeVar("Value")
_CURED = (ModelUnavailable, ModelQuotaSpent)
"""What another model may cure: outages, limits that outlasted the retries, an open breaker, an account used up. Never a bad
request, a bad answer or a budget of ours."""
_SHOWN_CHARACTERS = 300


class FallbackModel:
    """Implements `LanguageModel`. It bears the first one's name; each ModelCall bears the name of who answered."""

    def __init__(self, first: LanguageModel, second: LanguageModel) -> None:
        """Raises SettingsError for two models that are not asked in the same way."""
        if first.profile != second.profile:
            raise SettingsError(
                f"The fallback_model {second.name!r} is asked in another way ({second.profile}) than {first.name!r} "
                f"({first.profile}). Choose one of the same kind, or set profile for both."
            )
        self._first = first
        self._second = second
        self.name = first.name
        self.provider: Literal["openai", "local", "scripted"] = first.provider
        self.profile: Literal["capable", "embedded"] = first.profile
        self.context_tokens = min(first.context_tokens, second.context_tokens)

    def structured(
        self,
        prompt: Prompt,
        schema: type[Schema],
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
    ) -> Answer[Schema]:
        """See `LanguageModel.structured`."""
        return self._ask(
            lambda model: model.structured(
                prompt, schema, purpose=purpose, max_output_tokens=max_output_tokens, on_token=on_token
            )
        )

    def choose(self, prompt: Prompt, choices: Sequence[str], *, purpose: str) -> Answer[Mapping[str, float]]:
        """See `LanguageModel.choose`."""
        return self._ask(lambda model: model.choose(prompt, choices, purpose=purpose))

    def write(
        self,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        stop: Sequence[str] = (),
        on_token: OnToken | None = None,
    ) -> Answer[str]:
        """See `LanguageModel.write`."""
        return self._ask(
            lambda model: model.write(
                prompt, purpose=purpose, max_output_tokens=max_output_tokens, stop=stop, on_token=on_token
            )
        )

    def converse(
        self,
        exchange: Exchange,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
        on_restart: OnRestart | None = None,
    ) -> Turned:
        """See `ConversingModel.converse`. Raises ModelCannot when a model of the two does not call tools."""

        def ask(model: LanguageModel) -> Answer[Turned]:
            if not isinstance(model, ChatModel):
                raise ModelCannot(f"{model.name} does not call tools. Choose a model that does.")
            if model is self._second and on_restart:
                on_restart()
            turned = model.converse(
                exchange,
                prompt,
                purpose=purpose,
                max_output_tokens=max_output_tokens,
                on_token=on_token,
                on_restart=on_restart,
            )
            return Answer(turned, (turned.call,))

        answer = self._ask(ask)
        return replace(answer.value, call=answer.calls[0])

    def count_tokens(self, text: str) -> int:
        """By the first one's tokenizer."""
        return self._first.count_tokens(text)

    def close(self) -> None:
        """Closes both."""
        try:
            self._first.close()
        finally:
            self._second.close()

    def _ask(self, ask: Callable[[LanguageModel], Answer[Value]]) -> Answer[Value]:
        try:
            return ask(self._first)
        except _CURED as error:
            why = f"{self._second.name} answered in place of {self._first.name}: {str(error)[:_SHOWN_CHARACTERS]}"
            try:
                answer = ask(self._second)
            except _CURED as second:
                raise type(second)(f"{error} The fallback model failed too: {second}") from second
            return Answer(answer.value, tuple(_noted(call, why) for call in answer.calls))


def _noted(call: ModelCall, why: str) -> ModelCall:
    return call.model_copy(update={"fallback": "; ".join(filter(None, (why, call.fallback)))})
