"""How well the check of translations tells a faithful one from one that says something else."""
