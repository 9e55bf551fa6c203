"""What one run of a suite leaves behind: its cases, its figures with intervals, and all that is needed to repeat it."""

from typing import Annotated, Any, Literal

from pydantic import Field

from records.base import Record
from records.times import UtcDatetime

RUN_SCHEMA_VERSION = 1

Layer = Literal["replay", "live", "offline", "ledger"]
"""`replay`: recorded model answers; `live`: a model was asked; `offline`: code alone, no model has a part in it;
`ledger`: forecasts made before their outcome, graded by the market. A report never mixes them."""

Interval = tuple[float, float]
"""Low and high end of a 95 % interval."""


class Case(Record):
    """One thing that was asked and graded."""

    id: str
    cluster: Annotated[str | None, Field(description="story or entity; None: the case stands alone")] = None
    day: Annotated[str | None, Field(description="session or calendar day, ISO; None: undated")] = None
    prompt: Annotated[str | None, Field(description="what was asked or read, shortened; None: not kept")] = None
    answer: Annotated[str | None, Field(description="what came back, shortened; None: nothing came back")] = None
    expected: Annotated[Any, Field(description="the label in the suite's own shape; None: no label")] = None
    scores: Annotated[
        dict[str, float | None], Field(default_factory=dict, description="by scorer; None: not graded, never 0")
    ]
    checks: Annotated[tuple[str, ...], Field(description="what the grading found wrong or worth reading")] = ()
    error: Annotated[str | None, Field(description="why there is no answer; None: there is one")] = None
    latency_ms: Annotated[float | None, Field(ge=0, description="of the answer; None: not timed")] = None
    input_tokens: Annotated[int | None, Field(ge=0)] = None
    output_tokens: Annotated[int | None, Field(ge=0)] = None
    cost_usd: Annotated[
        float | None, Field(ge=0, description="0 for a local model; None: price unknown or no model")
    ] = None


class Published(Record):
    """A figure someone else published on the same task, to compare with."""

    name: str
    metric: str
    value: float
    source: Annotated[str, Field(description="paper or page, with its year and what differs")]


class Ablated(Record):
    """One metric of the same cases with something left out, or of another size."""

    value: Annotated[float | None, Field(description="of the ablation; None: could not be told")]
    difference: Annotated[float | None, Field(description="run − ablation, paired; None: could not be told")] = None
    interval: Annotated[Interval | None, Field(description="of the difference, 95 %; None: not told")] = None


class Ablation(Record):
    """The run's cases over again under one other setting."""

    varied: Annotated[str, Field(description="what is set otherwise, and how it is set in the run itself")]
    setting: str
    metrics: dict[str, Ablated]
    told: Annotated[str | None, Field(description="what the setting came to, in words; None: nothing to add")] = None


class RunProvenance(Record):
    """Enough to repeat a run."""

    model: Annotated[str | None, Field(description="None: no model has a part in it")] = None
    profile: Literal["capable", "embedded"] | None = None
    prompt_digests: Annotated[dict[str, str], Field(default_factory=dict, description="prompt name → version:digest")]
    embedder: Annotated[str | None, Field(description="name:digest")] = None
    score_version: Annotated[str | None, Field(description="of the fitted impact score")] = None
    store_snapshot: Annotated[str | None, Field(description="event memory: 'N events, digest'")] = None
    data_digests: Annotated[
        dict[str, str], Field(default_factory=dict, description="data set → SHA-256, 16 hex digits")
    ]
    data_sources: Annotated[
        dict[str, str], Field(default_factory=dict, description="data set → version, licence and where it is from")
    ]
    git_revision: Annotated[str | None, Field(description="of the checkout, '+' for changes; None: no checkout")] = None
    seed: int = 0
    limit: Annotated[int | None, Field(description="cases at most; None: all")] = None
    started: Annotated[UtcDatetime | None, Field(description="None in the replay layer, which has no clock")] = None
    version: Annotated[str, Field(description="of Rhyme")] = "unknown"
    judge: Annotated[
        str,
        Field(description="'code' where no judge has a part; else its name and 'kappa 0.81 on 60' or 'unvalidated'"),
    ] = "code"
    notes: Annotated[tuple[str, ...], Field(description="what a reader must know before believing the figures")] = ()


class Run(Record):
    """One run of one suite."""

    schema_version: int = RUN_SCHEMA_VERSION
    run_id: str
    suite: str
    layer: Layer
    split: Annotated[str, Field(description="'shipped' for the self-written set, else the data's own word")]
    data_digest: Annotated[str, Field(description="SHA-256 of all that was graded, 16 hex digits")]
    n: Annotated[int, Field(ge=0, description="cases graded")]
    metrics: Annotated[dict[str, float | None], Field(description="None: could not be told, never 0")]
    intervals: Annotated[
        dict[str, Interval | None], Field(default_factory=dict, description="of `metrics`, 95 %; None: not told")
    ]
    baselines: Annotated[
        dict[str, dict[str, float | None]], Field(default_factory=dict, description="baseline → metric → value")
    ]
    ablations: Annotated[tuple[Ablation, ...], Field(description="the same cases under other settings")] = ()
    provenance: RunProvenance
    published: tuple[Published, ...] = ()
    cases: Annotated[tuple[Case, ...], Field(description="in the order of their ids")] = ()
    failures: Annotated[dict[str, int], Field(default_factory=dict, description="kind → how many cases have it")]
    made_at: Annotated[UtcDatetime, Field(description="replay: when the answers were recorded")]

    def summary(self) -> dict[str, Any]:
        """The shape that every suite's JSON carries: suite, split, data_digest, n, metrics, baselines, provenance."""
        keys = {
            "suite",
            "split",
            "data_digest",
            "n",
            "metrics",
            "intervals",
            "baselines",
            "ablations",
            "provenance",
            "layer",
            "run_id",
        }
        return self.model_dump(mode="json", include=keys)
