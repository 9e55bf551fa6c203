"""What the embedded model's bare probabilities are worth: measured on development stories, fitted, shipped as data."""
