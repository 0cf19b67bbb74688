"""Chat models: the engine protocol, its implementations, the reply journal, prompts."""
