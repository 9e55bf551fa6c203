"""The OpenAI client's errors said once in Rhyme's words: what happened, what was seen, what to do."""

import openai
from pydantic import SecretStr

from models.masking import masked_text
from models.retry import SPENT_QUOTA_CODES, failure_text, is_transient
from records.errors import ModelDenied, ModelError, ModelQuotaSpent, ModelRefused, ModelUnavailable

_ADVICE = {
    401: "The key is missing or wrong: set a valid one.",
    403: "The key has no right to this model: ask the account's owner, or choose another model.",
    404: "No such model or address there: check the model's name and the base URL (it usually ends in /v1).",
    413: "The text is too long for the server: shorten it.",
    429: "The account's quota is used up: check its plan and billing.",
}
_DENIED = frozenset({401, 403, 404})
"""Every other request would be answered in the same way."""
_SHOWN_CHARACTERS = 400


def translated(error: openai.APIError, *, who: str, key: SecretStr | None) -> ModelError:
    """The ModelError for a client error that retries did not (or must not) cure."""
    said = masked_text(error.message, key)[:_SHOWN_CHARACTERS]
    if is_transient(error):
        return ModelUnavailable(f"{who} did not answer ({failure_text(error)}). Check the network and try again.")
    if not isinstance(error, openai.APIStatusError):
        return ModelUnavailable(
            f"{who} sent something that is no chat completion: {said!r}. Check the base URL and the server's log."
        )
    if error.code == "content_filter":
        return ModelRefused(
            f"{who} refused the text: its content filter answered {said!r}. Change the text or the model."
        )
    if _too_long(error):
        return ModelRefused(
            f"{who} cannot take a prompt this long: {said!r}. Shorten the text or raise context_tokens."
        )
    advice = _ADVICE.get(error.status_code, "Repeating the request is useless: change the settings or the model.")
    spent = error.code in SPENT_QUOTA_CODES or error.type in SPENT_QUOTA_CODES
    kind = ModelQuotaSpent if spent else ModelDenied if error.status_code in _DENIED else ModelRefused
    return kind(f"{who} refused the request with HTTP {error.status_code}: {said!r}. {advice}")


def _too_long(error: openai.APIStatusError) -> bool:
    return error.code == "context_length_exceeded" or error.type == "exceed_context_size_error"
