"""No entry points: what several stages need, and what would make one stage's file too long."""
