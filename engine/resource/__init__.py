"""A resource's parts: its URN, its property values, its record in a state, what the program asks for."""
