"""Reading public datasets: files in any common format, hub datasets, and the text that every Python carries."""
