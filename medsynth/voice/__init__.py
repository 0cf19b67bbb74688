"""Voices: engines, the speaker bank, matching, and what is done to and measured on every clip."""
