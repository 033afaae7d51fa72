"""What is known of a Pod without a command in it: whether it runs, and whether AWS has given it the role."""
