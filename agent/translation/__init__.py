"""An analysis in the reader's language: written and checked in English, translated sentence by sentence, each held in code.

Figures, dates and names never pass through the translator (marks.py, forms.py); the rest is held by rules (rules.py); what fails
stays English and is counted (work.py, outcome.py).
"""

from agent.translation.outcome import translated_or_why

__all__ = ["translated_or_why"]
