"""What programs get beside the API: callbacks, and the grids of test keys."""
