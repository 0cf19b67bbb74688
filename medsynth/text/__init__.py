"""Pure functions on strings: cleaning, personal data, sentences, slots, spoken form."""
