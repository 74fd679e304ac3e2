"""The directory: the people of sales and of marketing, as written in `teams.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from models.hours import DayField
from models.program.values import Count, Name


def _address(text: object) -> object:
    return text.strip().lower() if isinstance(text, str) else text


Address = Annotated[str, BeforeValidator(_address), Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Person(BaseModel):
    """Shared settings: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Absence(Person):
    """Whole days of absence, both ends included, in the member's time zone."""

    from_: DayField = Field(alias="from")
    to: DayField

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError(f"an absence from {self.from_} to {self.to} ends before it begins")
        return self


class Member(Person):
    """One sales person. `weight` is the share of leads compared with the others'."""

    email: Address
    name: str = ""
    signature: str = Field(default="", max_length=1_000)
    """Text below mail that this person sends."""
    capacity: Count | None = None
    weight: Annotated[Count, Field(ge=1)] = 1
    timezone: str | None = None
    away: tuple[Absence, ...] = ()


class Team(Person):
    """Members in file order, and the manager who is alerted."""

    manager: Address | None = None
    members: tuple[Member, ...] = ()


class Marketer(Person):
    """One person of marketing, who signs in to the board."""

    email: Address
    name: str = ""
    role: Literal["marketing", "admin"] = "marketing"
    """An admin also approves what another person wants to publish."""
    timezone: str | None = None


class Directory(Person):
    """All teams, and the people of marketing."""

    teams: dict[Name, Team] = {}
    marketing: tuple[Marketer, ...] = ()

    def manager_of(self, team: str | None) -> str | None:
        """The manager of a team, if both exist."""
        found = self.teams.get(team) if team is not None else None
        return found.manager if found is not None else None

    def is_member(self, team: str | None, email: str) -> bool:
        """Whether this address belongs to a member of the team."""
        found = self.teams.get(team) if team is not None else None
        return found is not None and any(one.email == email for one in found.members)

    def member(self, email: str) -> Member | None:
        """The member with this address, of the first team in the file that has it."""
        members = (one for team in self.teams.values() for one in team.members)
        return next((one for one in members if one.email == email), None)

    def teams_of(self, email: str) -> frozenset[str]:
        """The teams that this person is a member of."""
        return frozenset(name for name in self.teams if self.is_member(name, email))

    def managed_by(self, email: str) -> frozenset[str]:
        """The teams that this person manages."""
        return frozenset(name for name, team in self.teams.items() if team.manager == email)

    def knows(self, email: str) -> bool:
        """Whether this person is a member or a manager of any team."""
        return bool(self.teams_of(email) or self.managed_by(email))

    def marketer(self, email: str) -> Marketer | None:
        """The person of marketing with this address."""
        return next((one for one in self.marketing if one.email == email), None)

    @property
    def admin_of_marketing(self) -> str | None:
        """Somebody of marketing, an admin if there is one. None: nobody may open the board."""
        admins = sorted(self.marketing, key=lambda one: one.role != "admin")
        return admins[0].email if admins else None

    def may_sign_in(self, email: str) -> bool:
        """Whether this person has a desk or a board."""
        return self.knows(email) or self.marketer(email) is not None

    @property
    def names(self) -> dict[str, str]:
        """The name of each address that has one: of members, then of marketing."""
        members = (one for team in self.teams.values() for one in team.members)
        named = {one.email: one.name for one in self.marketing}
        named |= {one.email: one.name for one in members}
        return {email: name for email, name in named.items() if name}

    @property
    def managers(self) -> frozenset[str]:
        """The managers of all teams."""
        return frozenset(team.manager for team in self.teams.values() if team.manager)
