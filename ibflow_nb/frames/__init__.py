"""Records and the pandas frames made of them."""
