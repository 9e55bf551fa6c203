"""The child process that runs llama.cpp: started by `models.local_engine`, never imported.

Its settings arrive as one JSON line on standard input, so that the server's key is on no command line. The same pipe is
its leash: when the parent ends in whatever way, even by kill -9, the pipe closes and this process leaves at once.
Standard output carries one JSON line back: the address, or why there is none. llama.cpp's own words go to standard
error.
"""

import json
import os
import sys
import threading


def _leave_with_parent() -> None:
    # The bare descriptor: a daemon thread inside a buffered reader would break the interpreter's own ending.
    while os.read(0, 4096):
        pass
    # No clean-up: the model file is only read, and the memory goes back to the system with the process.
    os._exit(0)


def _serve(settings: dict[str, object], report: int) -> None:
    import xllamacpp  # type: ignore[import-untyped]  # the wheel carries no stubs

    params = xllamacpp.CommonParams()
    params.model.path = settings["model_path"]
    params.n_ctx = settings["context_tokens"]
    params.cpuparams.n_threads = settings["decode_threads"]
    params.cpuparams_batch.n_threads = settings["prefill_threads"]
    params.cache_ram_mib = settings["cache_ram_mib"]
    params.api_keys = [settings["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # One slot: on two cores parallel slots only share the same compute, and they would split the context.
    params.n_parallel = 1
    params.verbosity = 2
    params.warmup = False
    params.fit_params = False
    # Nothing but the API: no pages, no view of what other requests sent.
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        _tell(report, {"failed": str(error)})
        # An ordinary ending, so that llama.cpp's logging thread writes out why.
        sys.exit(1)
    _tell(report, {"address": server.listening_address})
    threading.Event().wait()


def _tell(report: int, message: dict[str, object]) -> None:
    os.write(report, json.dumps(message).encode() + b"\n")


def main() -> None:
    """Read the settings, load the model, serve until the parent is gone."""
    # llama.cpp may print; keep the report line alone on the real standard output.
    report = os.dup(1)
    os.dup2(2, 1)
    settings = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _serve(settings, report)


if __name__ == "__main__":
    main()
