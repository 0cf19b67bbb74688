"""Medical facts in text: what a text states, and what a rewriting of it kept, dropped, altered or invented."""
