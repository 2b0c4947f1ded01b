"""The process that decides and sends the output error, and its ProcessModel."""
