"""The `angkut` command line, the embedded stack and the doctor."""
