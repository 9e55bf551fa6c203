"""Hostile articles and their clean twins through the whole path: what an injected instruction moves, leaks or sets off."""
