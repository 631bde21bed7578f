// Exists to own the precompiled header that all tests share.
