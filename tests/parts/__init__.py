"""The real things that tests run against: databases, brokers, a browser."""
