"""What it looks like on a wire: codecs between core values and bytes. No I/O."""
