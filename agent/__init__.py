"""An `Article` in, an `Analysis` out: read, recall, score, explain, check. Never speaks HTTP, never prints."""
