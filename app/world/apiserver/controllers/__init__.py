"""The controller manager: keeps workloads as their specs want them, and removes objects whose owner is gone."""
