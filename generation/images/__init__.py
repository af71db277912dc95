"""Pictures as files: the share card and its lettering, and what people send to be changed."""
