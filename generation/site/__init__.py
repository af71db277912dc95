"""The pages: the form, a grid, what somebody has drawn, and what the site says of itself."""
