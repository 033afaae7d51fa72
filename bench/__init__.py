"""What `make bench` measures. Not part of the tests: on a busy machine times say little, ratios within one run more."""
