"""How well search answers: queries over the demo shop with graded judgements, and what both engines make of them."""
