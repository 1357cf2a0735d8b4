"""What was refused, and what people do about it."""
