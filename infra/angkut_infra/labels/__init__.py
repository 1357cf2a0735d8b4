"""Labels of bins on A4 sheets: laid out (`sheet`), and drawn as PDF (`pdf`) or SVG (`svg`)."""
