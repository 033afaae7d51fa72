"""The servers of a world and what they stand on: sockets, certificates, the network between them."""
