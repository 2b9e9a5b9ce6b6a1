"""The ways in which a call to a provider or a notice of one can fail; there are no others.

Refused (the provider said no, the effect will never exist), NotSent (it never began, repeat freely), Unknown
(the effect may exist: ask, or repeat under the same request id within its lifetime), Unsupported (this
provider has no such thing). No error carries a secret or a payer's data.
"""


class ProviderError(Exception):
    """A call that did not work: `call` names it, `status` is the HTTP status (0 without an answer)."""

    def __init__(self, detail: str, *, call: str, status: int = 0, code: str = "") -> None:
        super().__init__(f"{call}: {detail}" + (f" (HTTP {status})" if status else ""))
        self.detail = detail
        self.call = call
        self.status = status
        self.code = code


class Refused(ProviderError):
    """The provider's final no. `code` is its own word for the reason."""


class NotSent(ProviderError):
    """The call never reached the provider, or was turned away before it began."""


class Unknown(ProviderError):
    """No answer, a broken one, or a server error: the effect may exist."""


class Unsupported(Exception):
    """The provider has no such operation."""

    def __init__(self, provider: str, operation: str) -> None:
        super().__init__(f"{provider} has no {operation}")


class Forged(Exception):
    """A notice whose signature is missing or wrong. Says nothing about what was sent."""


class Malformed(Exception):
    """A genuine notice that cannot be read, or that came to the address of another kind.

    Raised after the signature was verified and never before. `order_number` is there where the answer must
    repeat it.
    """

    def __init__(self, reason: str, *, order_number: str = "") -> None:
        super().__init__(reason)
        self.order_number = order_number
