"""The version a report or `--version` names."""

from functools import cache


@cache
def rhyme_version() -> str:
    """The installed version, or "0+source" when the rooms run from a folder that was never installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("rhyme")
    except PackageNotFoundError:
        return "0+source"
