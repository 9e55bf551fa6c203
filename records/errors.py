"""One error type per reaction: what a person or a program can do next decides the class.

Every message is one paragraph: what happened, the value seen, what to do next. `exit_code` is what the command line
returns (0 ok, 2 usage, 3 settings, 4 source, 5 model, 6 store).
"""

from typing import ClassVar


class RhymeError(Exception):
    """Any failure Rhyme explains. Subclasses say who can act on it."""

    exit_code: ClassVar[int] = 1

    @property
    def kind(self) -> str:
        """The class name in snake_case: a stable word for logs and JSON."""
        return "".join("_" + c.lower() if c.isupper() else c for c in type(self).__name__).lstrip("_")


class UsageError(RhymeError):
    """The command or call was wrong: the person corrects it."""

    exit_code = 2


class NotFound(UsageError):
    """The id asked for is not in the store."""


class SettingsError(RhymeError):
    """A setting is missing, unknown or out of range."""

    exit_code = 3


class SourceError(RhymeError):
    """The article could not be had or read. Never the same answer as "no news"."""

    exit_code = 4


class SourceUnreachable(SourceError):
    """Network, time-out or server failure: worth another try later."""

    def __init__(self, message: str, *, retry_after: str | None = None) -> None:
        """`retry_after`: the server's header of that name, seconds or an HTTP date; None: it named none."""
        super().__init__(message)
        self.retry_after = retry_after


class SourceRefused(SourceError):
    """The address may not be fetched (private range, scheme) or the server said no (4xx)."""


class SourceUnreadable(SourceError):
    """The bytes are there but are no article: empty, binary, too large, wrong encoding, unsupported type."""


class ModelError(RhymeError):
    """The language or embedding model gave no usable answer."""

    exit_code = 5


class ModelMissing(ModelError):
    """No model file or no key: a person installs or sets one."""


class ModelFileInvalid(ModelError):
    """A model file's bytes are not the ones its digest promises."""


class ModelFolderUnusable(ModelError):
    """The folder of model files is full or may not be written: a person makes room or names another."""


class ModelUnavailable(ModelError):
    """Time-out, connection loss, 429 or 5xx that outlasted the retries."""


class ModelRefused(ModelError):
    """The provider refused the request (4xx): repeating it is useless."""


class ModelDenied(ModelRefused):
    """The provider knows no such key, model or address (401, 403, 404), whatever is asked: a person corrects the setting."""


class ModelQuotaSpent(ModelRefused):
    """The provider's account is used up: a person tops it up; another model may do meanwhile."""


class BudgetSpent(ModelError):
    """The next call could exceed a budget of ours, so it was not sent: a person raises the budget or waits."""


class ModelAnswerInvalid(ModelError):
    """The answer broke its schema, also after one repair."""


class ModelCannot(ModelError):
    """The provider lacks the asked capability (log-probabilities, strict schema)."""


class StoreError(RhymeError):
    """The database or the event memory."""

    exit_code = 6


class StoreLocked(StoreError):
    """Another process is writing."""


class StoreUnreachable(StoreError):
    """The server of the store gives no answer: a person starts it, or it is worth another try later."""


class StoreRefused(StoreError):
    """The server of the store said no (token, tenant, database, quota): a person corrects a setting or the account."""


class StoreUnwritable(StoreError):
    """The disk is full or the place is read-only: a person makes room or picks another place."""


class StoreMismatch(StoreError):
    """The store was built by another embedder or another schema version."""


class StoreCorrupt(StoreError):
    """The store's files are damaged; the message names the command that rebuilds them."""
