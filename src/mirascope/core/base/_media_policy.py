"""What a prompt may fetch, and which local files it may name."""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass, fields
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from ._addresses import Address, WebAddress

_LOCAL_NAMES = ("localhost", "*.localhost", "*.local", "*.internal", "*.home.arpa")


class NotPublic(ValueError):
    """Refused because nothing allows it, and not because something denies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPolicy:
    """What images, recordings and documents may be loaded from.

    A URL is fetched by this process only where the provider wants the bytes. Then only http and
    https are followed, and only to public addresses; the address that is checked is the address
    that is connected to, and every redirect is checked again. Addresses that hand out a cloud
    machine's credentials are refused unless one of `allowed_networks` has them.

        with MediaPolicy(allowed_hosts=["*.example.com"], allow_local_paths=False):
            response = describe(url_from_a_user)

    It is in force inside a `with` block (each task and each thread has its own), in one call where
    a dynamic config has it as `media_policy`, and in the whole process after `use_by_default`.

    - `schemes`: the schemes that may be fetched; none switches downloads off.
    - `allowed_hosts`: the only hosts that may be asked, `*.example.com` for the names below it;
      None allows all. Their addresses are checked all the same.
    - `denied_hosts`: hosts that may not be asked.
    - `allow_private`: allow this machine (loopback) and private networks.
    - `allowed_networks`, `denied_networks`: networks such as `10.1.0.0/16` or single addresses that
      are allowed whatever they are, and that are refused in any case.
    - `max_bytes`: the most that one URL, or one local file named by a `str`, may hold.
    - `timeout`: how long one download may take as a whole, in seconds.
    - `max_redirects`: how many redirects are followed.
    - `use_proxies`: go through the proxies that the environment names. A proxy resolves names
      itself, so that only addresses and local names in a URL are checked here.
    - `allow_local_paths`: a `str` for an image, a recording or a document may be the path of a
      local file, as it may in Mirascope v1. Switch it off where the value comes from somebody else;
      a `pathlib.Path` is always read.

    Raises TypeError for a single `str` in the place of several, ValueError for what is no network.
    """

    schemes: Collection[str] = ("https", "http")
    allowed_hosts: Collection[str] | None = None
    denied_hosts: Collection[str] = ()
    allow_private: bool = False
    allowed_networks: Collection[str] = ()
    denied_networks: Collection[str] = ()
    max_bytes: int = 20 * 1024 * 1024
    timeout: float = 30.0
    max_redirects: int = 5
    use_proxies: bool = False
    allow_local_paths: bool = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                raise TypeError(f"`{field.name}` takes a list: write `[{value!r}]`.")
            if isinstance(value, Collection):
                # Kept apart from what the caller may change later.
                object.__setattr__(self, field.name, tuple(str(item).lower() for item in value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        for networks in (self.allowed_networks, self.denied_networks):
            _networks(networks)

    # --- where it is in force

    def __enter__(self) -> Self:
        # Not kept on this object: it may be entered in several tasks at once.
        _entered.set((*_entered.get(), self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _entered.set(_entered.get()[:-1])

    def use_by_default(self) -> MediaPolicy:
        """Put this policy in force in the whole process; returns the one it takes the place of."""
        global _default
        before, _default = _default, self
        return before

    # --- what it allows

    def check_url(self, url: str) -> WebAddress:
        """What the URL names, if it may be asked. Raises ValueError, saying why it may not."""
        from ._addresses import read_url

        scheme = url.partition(":")[0].lower()
        if scheme not in self.schemes:
            known = ", ".join(f"`{name}`" for name in self.schemes) or "no scheme"
            raise ValueError(f"the media policy allows {known}, not `{scheme}`")
        place = read_url(url)
        if place.address is not None:
            self._check_address(place.address)
        elif self.use_proxies and not self.allow_private and _matches(place.host, _LOCAL_NAMES):
            raise NotPublic(f"`{place.host}` is a local name")
        if _matches(place.host, self.denied_hosts):
            raise ValueError(f"the media policy denies the host `{place.host}`")
        if self.allowed_hosts is not None and not _matches(place.host, self.allowed_hosts):
            raise ValueError(f"the media policy does not allow the host `{place.host}`")
        return place

    def check_address(self, address: str) -> None:
        """Raise ValueError, saying why, for an address that may not be connected to."""
        from ._addresses import read_address

        self._check_address(read_address(address))

    def _check_address(self, address: Address) -> None:
        from ._addresses import is_in, kind_of

        if is_in(address, _networks(self.denied_networks)):
            raise ValueError(f"the media policy denies the address `{address}`")
        kind, title = kind_of(address)
        if kind == "public" or (kind == "private" and self.allow_private):
            return
        if not is_in(address, _networks(self.allowed_networks)):
            raise NotPublic(f"`{address}` is not a public address ({title})")


def _matches(host: str, patterns: Collection[str]) -> bool:
    return any(
        host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
        for pattern in patterns
    )


def _networks(texts: Collection[str]) -> list[Any]:
    if not texts:
        return []
    from ipaddress import ip_network

    return [ip_network(text, strict=False) for text in texts]


_entered: ContextVar[tuple[MediaPolicy, ...]] = ContextVar("mirascope_media_policy", default=())
_default = MediaPolicy()


def media_policy() -> MediaPolicy:
    """The policy that is in force."""
    entered = _entered.get()
    return entered[-1] if entered else _default
