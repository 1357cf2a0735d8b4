"""What a person should know of now: opened and closed by rules, acknowledged by people."""
