"""Takes a folder of events with outcomes, returns how good the precedents are: on topic, telling of the size of a move, and none
where there is none. It ranks with the product's own code and changes nothing in it; `fit.py` writes the constants it ships."""
