"""Bulk work: kept articles in, each analysed once, joined to its story or set aside with its reason.

The queue is a durable engine's (dbos); the articles, what was done of each, the outcomes and whatever must happen once are
rows of our own database. Nothing here speaks to a person: `rhyme jobs` and `rhyme worker` do.
"""

from typing import TYPE_CHECKING

from records.late import late

if TYPE_CHECKING:
    from agent.jobs.course import Course, JobArchive
    from agent.jobs.desk import Added, JobDesk
    from agent.jobs.engine import JobQueue
    from agent.jobs.failures import Patience
    from agent.jobs.worker import Worker

__all__ = ["Added", "Course", "JobArchive", "JobDesk", "JobQueue", "Patience", "Worker"]

# who only puts jobs in line needs nothing of the analysis, which takes a second to load
__getattr__ = late(
    __name__,
    {
        "Added": "desk",
        "Course": "course",
        "JobArchive": "course",
        "JobDesk": "desk",
        "JobQueue": "engine",
        "Patience": "failures",
        "Worker": "worker",
    },
)
