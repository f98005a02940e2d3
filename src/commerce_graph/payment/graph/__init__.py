"""What the payment domain shows by itself: no part of the graph (orders show payments), but a page for buyers."""
