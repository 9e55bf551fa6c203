"""What the web terminal takes under load: pages at a steady rate, many open streams, start and memory."""
