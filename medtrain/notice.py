"""What whoever speaks with a model must know."""

NOTICE = "Research software: nothing that this model says is medical advice. If you are unwell, see a doctor."
