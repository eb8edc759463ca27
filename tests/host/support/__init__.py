"""What host tests share."""
