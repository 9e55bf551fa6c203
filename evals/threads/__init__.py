"""Story threads graded: same-story pairs, reprints, relations and novelty. Fits the shipped story model too."""
