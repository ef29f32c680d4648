"""Who calls: the holder of an API key, or of an access token where an identity provider is set."""

from services.kit.access.keys import Role
from services.kit.access.queries import Queries
from services.kit.access.signing_keys import IdentityProvider, SigningKeys
from services.kit.clock import Clock
from services.kit.http.auth import KeyAuthenticator, Principal
from services.kit.http.token_auth import TokenAuthenticator, TokenRules
from services.kit.settings import PlatformSettings


class Callers:
    """Implements `Authenticator` for keys and tokens."""

    def __init__(self, keys: KeyAuthenticator, tokens: TokenAuthenticator | None) -> None:
        self._keys = keys
        self._tokens = tokens

    async def authenticate(self, text: str) -> Principal | None:
        """Returns the caller, or None if neither a key nor a token is accepted.

        Raises:
            Problem: 503 when they cannot be checked now.
        """
        if self._tokens is not None and text.count(".") == 2:
            return await self._tokens.authenticate(text)
        return await self._keys.authenticate(text)

    async def holder_of(self, key_id: str) -> Principal | None:
        """Returns the holder of a key that was presented before; None when it is not valid now.

        Raises:
            Problem: 503 when the keys cannot be read now.
        """
        return await self._keys.holder_of(key_id)


def callers(queries: Queries, platform: PlatformSettings, *, clock: Clock) -> Callers:
    """Returns the authenticator of a service."""
    return Callers(
        KeyAuthenticator(queries, clock=clock),
        _token_authenticator(queries, platform, clock) if platform.oidc_issuer else None,
    )


def _token_authenticator(
    queries: Queries, platform: PlatformSettings, clock: Clock
) -> TokenAuthenticator:
    provider = IdentityProvider(
        platform.oidc_issuer, jwks_url=platform.oidc_jwks_url, ca_file=platform.oidc_ca_file
    )
    rules = TokenRules(
        issuer=platform.oidc_issuer,
        roles={
            group: frozenset(Role(role) for role in roles)
            for group, roles in platform.roles_of_groups().items()
        },
        groups_claim=platform.oidc_groups_claim,
        officer_claim=platform.oidc_officer_claim,
        branches_claim=platform.oidc_branches_claim,
    )
    keys = SigningKeys(provider.keys, clock=clock)
    return TokenAuthenticator(queries, keys, rules, clock=clock)
