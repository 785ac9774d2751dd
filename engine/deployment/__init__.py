"""Steps: what they are to be, decided resource by resource, and carried out."""
