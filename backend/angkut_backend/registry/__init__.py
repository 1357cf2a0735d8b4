"""Registry: districts, areas, bins, devices, mountings, vehicles, sites."""
