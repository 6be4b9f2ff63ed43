"""Find, check and load models; turn text into tokens. Imports nothing else of the package."""
