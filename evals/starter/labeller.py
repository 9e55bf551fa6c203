"""Keyword rules that name an event type from a headline and its lead, without looking at what the price did: the agent's own.

They serve to draw a balanced sample and to fit base rates, where thousands of stories must be typed alike; people (or a model)
type the events that are shipped. The headline is tried against all rules in order, then the lead; the first match wins.
"""

from agent.event_rules import RULES, Rule, label

__all__ = ["RULES", "Rule", "label"]
