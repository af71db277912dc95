"""OpenAI's dialect: its clients draw here by changing the base address and the key."""
