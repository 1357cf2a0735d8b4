"""What several models of one maker have in common."""
