"""OpenTelemetry traces: each request, and each call to a language model with the names of the GenAI conventions. Made only where an
address for them is set. No prompt, no answer and no article goes into them."""

import time
from typing import TYPE_CHECKING, Any

from records.spending import NANO_USD, CallEntry, Outcome
from terminal.settings import Settings
from terminal.version import rhyme_version

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig
    from opentelemetry.sdk.trace.export import SpanExporter

FINE = (Outcome.ANSWERED, Outcome.CACHE_HIT)


class Traces:
    """Of one process."""

    def __init__(self, exporter: "SpanExporter") -> None:
        """`exporter`: where finished spans go, in the background."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = Resource.create({"service.name": "rhyme", "service.version": rhyme_version()})
        self.provider = TracerProvider(resource=named)
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self.provider.get_tracer("rhyme")

    @classmethod
    def of(cls, settings: Settings) -> "Traces | None":
        """None: no address is set."""
        if settings.traces_address is None:
            return None
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        insecure = settings.traces_address.startswith("http://")
        return cls(OTLPSpanExporter(endpoint=settings.traces_address, insecure=insecure))

    def model_call(self, entry: CallEntry) -> None:
        """One try at a model that has ended: a span below the request that needed it, if it is known."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        ended = time.time_ns()
        began = ended - int(entry.seconds * 1e9)
        span = self._tracer.start_span(
            f"chat {entry.model}", kind=SpanKind.CLIENT, attributes=_attributes(entry), start_time=began
        )
        if entry.outcome not in FINE:
            span.set_attribute("error.type", entry.outcome.value)
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def close(self) -> None:
        """Sends what is left."""
        self.provider.shutdown()


def _attributes(entry: CallEntry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": entry.provider,
        "gen_ai.request.model": entry.model,
        "gen_ai.usage.input_tokens": entry.input_tokens,
        "gen_ai.usage.output_tokens": entry.output_tokens,
        "rhyme.purpose": entry.purpose,
        "rhyme.prompt": entry.prompt,
        "rhyme.outcome": entry.outcome.value,
    }
    if entry.cost_nano is not None:
        told["rhyme.cost_usd"] = entry.cost_nano / NANO_USD
    return told


def configuration(traces: Traces | None) -> "TelemetryConfig":
    """For FastAPI, which makes the spans of requests itself."""
    if traces is None:
        return {"tracing": False, "metrics": False, "logs": False}
    return {"tracer_provider": traces.provider, "metrics": False, "logs": False, "operation_spans": False}
