"""Where objects are kept, with every change of them."""
