"""What a flash sale costs: one hot variant, many buyers, and more of them than can be served."""
