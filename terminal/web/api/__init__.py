"""The API: everything that the pages show, as JSON under `/api/v1`, for programs."""

from fastapi import APIRouter


def routers() -> tuple[APIRouter, ...]:
    """In the order in which they are matched."""
    return ()
