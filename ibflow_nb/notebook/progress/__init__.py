"""How a job's progress reaches the screen: live while it runs, plain text and HTML at its end."""
