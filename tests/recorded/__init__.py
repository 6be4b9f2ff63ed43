"""What the package gave at a stated commit, and that it gives the same today."""
