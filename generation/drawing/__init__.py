"""How a worker draws: what it holds, the pipelines it loads, and the way from pixels to files."""
