"""The show without the world: the real sequencer on a virtual clock."""
