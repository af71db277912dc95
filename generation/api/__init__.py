"""How programs ask: the native API, OpenAI's dialect, and that of Stable Diffusion web UIs."""
