// Nothing to call: the library works by being loaded (LD_PRELOAD).
