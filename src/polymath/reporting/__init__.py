"""What people see: the console, the data card, tables and figures."""
