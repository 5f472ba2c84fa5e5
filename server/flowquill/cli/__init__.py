"""The command line, one command a file. Above all rooms; heavy imports happen inside the commands that need them."""
