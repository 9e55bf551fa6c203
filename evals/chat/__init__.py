"""Questions on filings and tables with gold answers, put to the chat of `rhyme ask`; their context is reached by tools alone."""
