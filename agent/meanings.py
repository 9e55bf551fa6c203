"""What usually decides how far an event of each type moves its company: an analyst's checklist, one sentence a type.

General knowledge without figures, kept as data; used by the composed explanation, where a small model's own prose cannot
be trusted.
"""

import json
from functools import lru_cache
from importlib import resources

from records.errors import SettingsError
from records.taxonomy import EventType


@lru_cache(maxsize=1)
def _sentences() -> dict[EventType, str]:
    file = resources.files("agent") / "data" / "what_decides_v1.json"
    try:
        return {EventType(name): text for name, text in json.loads(file.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file.name} cannot be read ({error}). Restore it from the project.") from error


def what_decides(event_type: EventType) -> str | None:
    """The sentence of a type; None for a type that is no market event. Raises SettingsError if the data is damaged."""
    return _sentences().get(event_type)
