"""The small text-to-image model that ships with the site: its world, training and weights."""
