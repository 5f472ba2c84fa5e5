"""One LSP method a file. Each module has `answer(server, params)`; the table in registration.py names them."""
