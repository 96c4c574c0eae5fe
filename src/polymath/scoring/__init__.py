"""What a reply is worth, told by programs, and how much replies differ."""
