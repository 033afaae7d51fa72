"""What kubectl and aws may be asked to do here, by their arguments: no other server, file or program."""
