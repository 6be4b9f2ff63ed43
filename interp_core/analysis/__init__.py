"""Numbers from models and tokens. NumPy leaves this package; tensors stay inside."""
