"""What an evaluation found, on a page and on the console."""
