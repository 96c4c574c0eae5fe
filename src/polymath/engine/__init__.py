"""Plans, and the engines that run them: one process, several, or a cluster make the same bytes."""
