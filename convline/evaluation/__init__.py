"""How both models are judged: one module for each question that the evaluate stage answers."""
