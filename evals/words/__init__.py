"""How far the words can be trusted: whether the check lets true sentences pass and stops false ones."""
