"""The flow from sources to analyses, measured: a simulated OpenAI server with limits, faults and its own count of what it
billed, and the run of a day's news against it. Starts processes; never calls a real provider."""
