"""What a training plan comes to, on a page and on the console."""
