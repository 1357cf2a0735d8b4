"""Travel times and distances between the points of a plan."""
