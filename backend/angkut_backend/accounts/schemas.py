"""What the sign-in speaks over HTTP."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from angkut_backend.accounts.passwords import MAX_LENGTH
from angkut_backend.accounts.service import Role


class Credentials(BaseModel):
    """Username and password."""

    model_config = ConfigDict(extra="forbid")

    #: No control characters: PostgreSQL cannot even be asked about a NUL.
    username: str = Field(max_length=64, pattern=r"^\P{Cc}+$")
    password: SecretStr = Field(min_length=1, max_length=MAX_LENGTH)


class AccountOut(BaseModel):
    """Who is signed in."""

    model_config = ConfigDict(from_attributes=True)

    username: str
    display_name: str
    role: Role


class SignedInOut(BaseModel):
    """The answer to a sign-in."""

    account: AccountOut


class SessionOut(BaseModel):
    """Who is signed in, or null."""

    account: AccountOut | None
