"""Past events in Chroma; precedents known as of a time out. Never decides a score."""
