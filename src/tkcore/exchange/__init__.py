"""What comes from elsewhere: turns captured by other tools, and simulated sessions."""
