"""What the fault tests share: books to compare, ways to die, servers and lines that break."""
