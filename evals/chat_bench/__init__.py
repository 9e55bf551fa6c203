"""Questions to Rhyme measured: how long until the first word beyond what the model itself takes, and how long each lookup takes
among very many analyses and events. Takes numbers and a seed; returns figures."""
