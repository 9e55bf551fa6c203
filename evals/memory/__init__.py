"""The event memory measured: made-up events by the million, exact search as the judge, other indexes beside it.

Takes a number of events and a seed; returns figures. Every contestant runs in a process of its own, one after another, so that
none pays for another's memory.
"""
