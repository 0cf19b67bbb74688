"""medsynth turns raw medical question-and-answer text into a corpus of spoken consultations."""

__version__ = "0.1.0"
