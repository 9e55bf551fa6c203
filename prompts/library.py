"""Prompt files: found by name, checked when loaded, rendered strictly.

A file is Markdown with front matter:

    ---
    purpose: what the answer is for
    version: "1"
    variables: [title, question]     # every variable, no more and no less than the text uses
    outside: [title]                 # those whose text comes from outside: their delimiters are neutralised
    output: a schema's name, "choice" or "text"
    ---
    # system
    …
    # user
    …

The text is a Jinja template without autoescape (it is no HTML); parts are shared with `{% include "parts/x.md" %}`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import frontmatter
import jinja2
import jinja2.meta
from pydantic import Field, ValidationError

from prompts.outside import neutralise
from records.base import Record
from records.errors import SettingsError, UsageError
from records.prompt import Message, Prompt

FOLDER = Path(__file__).parent
_ROLE = re.compile(r"^# (system|user|assistant)[ \t]*$", re.MULTILINE)
_INCLUDE = re.compile(r"""{%-?\s*include\s+["']([^"']+)["']""")


class PromptHeader(Record):
    """The front matter of a prompt file."""

    purpose: str
    version: str = Field(min_length=1)
    variables: tuple[str, ...]
    outside: tuple[str, ...] = ()
    output: str


@dataclass(frozen=True)
class PromptFile:
    """One prompt, ready to render."""

    name: str
    header: PromptHeader
    digest: str
    turns: tuple[tuple[Literal["system", "user", "assistant"], jinja2.Template], ...]

    def render(self, **variables: object) -> Prompt:
        """The messages with every variable put in. Raises UsageError for a missing or an unknown variable."""
        missing, unknown = set(self.header.variables) - set(variables), set(variables) - set(self.header.variables)
        if missing or unknown:
            raise UsageError(
                f"Prompt {self.name!r} was given the wrong variables (missing: {sorted(missing)}, unknown: {sorted(unknown)}). "
                f"It takes exactly {sorted(self.header.variables)}."
            )
        safe = {name: neutralise(value) if name in self.header.outside else value for name, value in variables.items()}
        messages = tuple(Message(role, template.render(safe).strip()) for role, template in self.turns)
        return Prompt(messages, self.name, self.header.version, self.digest)


class PromptLibrary:
    """The prompt files of one folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._loaded: dict[str, PromptFile] = {}

    @cached_property
    def _environment(self) -> jinja2.Environment:
        return jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folder),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # prompts are plain text; outside text is neutralised by `render`
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def names(self) -> list[str]:
        """Every prompt in the folder, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.md"))

    def load(self, name: str) -> PromptFile:
        """The prompt `name`. Raises SettingsError for a file that is missing or breaks the format."""
        if name not in self._loaded:
            self._loaded[name] = self._read(name)
        return self._loaded[name]

    def _read(self, name: str) -> PromptFile:
        path = self._folder / f"{name}.md"
        if not path.is_file():
            raise SettingsError(f"There is no prompt {name!r}. Known prompts: {', '.join(self.names())}.")
        source = path.read_text(encoding="utf-8")
        header, body = self._header(name, source)
        pieces = _ROLE.split(body)
        if len(pieces) < 3 or pieces[0].strip():
            raise SettingsError(
                f"Prompt {name!r} must be parted into turns by lines '# system', '# user' or '# assistant'."
            )
        try:
            self._check_variables(name, header, body)
            templates = [self._environment.from_string(text) for text in pieces[2::2]]
        except jinja2.TemplateError as error:
            raise SettingsError(f"Prompt {name!r} is no valid template: {error}. Correct {path.name}.") from error
        roles = cast(list[Literal["system", "user", "assistant"]], pieces[1::2])
        return PromptFile(name, header, self._digest(source), tuple(zip(roles, templates, strict=True)))

    def _header(self, name: str, source: str) -> tuple[PromptHeader, str]:
        document = frontmatter.loads(source)
        try:
            return PromptHeader.model_validate(cast(Mapping[str, Any], document.metadata)), document.content
        except ValidationError as error:
            raise SettingsError(f"The front matter of prompt {name!r} is wrong: {error}") from error

    def _check_variables(self, name: str, header: PromptHeader, body: str) -> None:
        used: set[str] = set()
        for text in (body, *self._parts(body)):
            used |= jinja2.meta.find_undeclared_variables(self._environment.parse(text))
        declared = set(header.variables)
        if used != declared or not set(header.outside) <= declared:
            raise SettingsError(
                f"Prompt {name!r} declares {sorted(declared)} (outside: {sorted(header.outside)}) "
                f"and uses {sorted(used)}: make them agree."
            )

    def _parts(self, body: str) -> list[str]:
        return [(self._folder / part).read_text(encoding="utf-8") for part in _INCLUDE.findall(body)]

    def _digest(self, source: str) -> str:
        whole = "\0".join([source, *self._parts(source)])
        return hashlib.sha256(whole.encode()).hexdigest()[:16]
