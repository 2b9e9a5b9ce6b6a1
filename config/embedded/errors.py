"""What the embedded engines raise: one sentence that a person can act on."""


class EmbeddedError(RuntimeError):
    """The private servers cannot be started or found; the text says why and what to do."""


class NotRunning(EmbeddedError):
    """Nothing answers at the addresses that DATA_DIR names."""
