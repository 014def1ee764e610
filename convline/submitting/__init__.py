"""A competition's test images, as the rows that its sample submission asks for."""
