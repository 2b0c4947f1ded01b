"""Events of cameras: bytes of files become events, and events become the values of a window."""
