"""Where bytes rest: stores behind the kernel's protocol."""
