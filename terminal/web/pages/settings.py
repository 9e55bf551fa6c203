"""Settings: what is in force and where it comes from, whether an analysis would work, and what was done. Secrets are stars."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from records.errors import SettingsError
from terminal.plain import plain
from terminal.settings import Loaded, Settings, load_settings
from terminal.web.rendering import page
from terminal.web.site import Site, the_site

router = APIRouter(include_in_schema=False)

NOTED = 30
"""Entries of the log that are shown."""
NEWER = "given at the start, or changed since"


@dataclass(frozen=True)
class Row:
    """One setting."""

    name: str
    value: str | None
    origin: str
    about: str
    is_default: bool


@router.get("/settings")
def settings(request: Request, site: Annotated[Site, Depends(the_site)], check: bool = False) -> Response:
    """`check`: looks whether an analysis would work, which takes seconds; for the role `write`."""
    from terminal.checkup import checkup

    loaded = in_force(site.settings)
    rows = rows_of(loaded)
    may_write = request.state.user.role == "write"
    return page(
        request, "settings.html", given=[one for one in rows if not one.is_default],
        defaults=[one for one in rows if one.is_default], config_file=str(loaded.config_file),
        has_file=loaded.config_file.is_file(), unknown=loaded.unknown_variables, may_write=may_write,
        checks=checkup(loaded, online=False) if check and may_write else None, log=site.access().audit(NOTED) if may_write else [],
    )  # fmt: skip


def in_force(settings: Settings) -> Loaded:
    """The settings this server was started with; of each that the file and the environment say otherwise now, that it differs."""
    try:
        now = load_settings({"home": settings.home})
    except SettingsError:
        return Loaded(settings, dict.fromkeys(Settings.model_fields, NEWER), settings.home / "config.toml", ())
    origins = {
        name: origin if getattr(now.settings, name) == getattr(settings, name) else NEWER
        for name, origin in now.origins.items()
    }
    return replace(now, settings=settings, origins=origins)


def rows_of(loaded: Loaded) -> list[Row]:
    """Every setting, in the order of docs/settings.md."""
    from terminal.commands.config import effective

    return [
        Row(
            name=name,
            value=None if row["value"] is None else plain(str(row["value"])),
            origin=plain(str(row["origin"])),
            about=Settings.model_fields[name].description or "",
            is_default=row["origin"] == "default",
        )
        for name, row in effective(loaded).items()
    ]
