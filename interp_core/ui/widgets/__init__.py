"""Controls and frames that several pages use."""
