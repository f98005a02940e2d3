"""Tools of the build; the product does not import them."""
