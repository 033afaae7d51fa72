"""The simulated world: servers on loopback that speak the real protocols."""
