"""What is known of a Pod in which no command was run: whether it runs, and whether AWS has given it the role."""
