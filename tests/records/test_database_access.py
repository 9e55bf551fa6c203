"""Users, sessions, tokens, the log, saved views and keys, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from records.access import ApiToken, AuditEntry, SavedView, User
from records.database import Database
from records.database.visitor_shelf import ABANDONED_AFTER, KEPT_FOR, MOST_VIEWS, KeptAnswer
from records.errors import NotFound, UsageError

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _user(name: str, role: str = "read", subject: str | None = None) -> User:
    return User.model_validate({"name": name, "role": role, "created_at": AT, "has_password": True, "subject": subject})


def _token(user: str, role: str = "read", **more: object) -> ApiToken:
    return ApiToken.model_validate({"id": "t1", "user": user, "name": "n", "role": role, "created_at": AT, **more})


def test_users_are_kept_by_name_and_by_subject(database: Database) -> None:
    access = database.access
    assert not access.has_users()
    access.add_user(_user("ana"), "hash")
    access.add_user(_user("bob", "write", "issuer 1"), None)
    access.add_user(_user("eve"), None)
    assert access.has_users()
    assert [(one.name, one.role, one.has_password) for one in access.users()] == [
        ("ana", "read", True),
        ("bob", "write", False),
        ("eve", "read", False),
    ]
    assert (access.password_of("ana"), access.password_of("bob"), access.password_of("nobody")) == ("hash", None, None)
    found = access.user_of("issuer 1")
    assert found is not None
    assert found.name == "bob"
    assert access.user_of("issuer 2") is None
    for taken in (_user("ana"), _user("other", subject="issuer 1")):
        with pytest.raises(UsageError, match="already"):
            access.add_user(taken, None)
    with pytest.raises(NotFound, match="no user 'nobody'"):
        access.change_user("nobody", role="read")


def test_a_session_lasts_until_it_expires_is_ended_or_its_user_changes(database: Database) -> None:
    access, soon = database.access, AT + timedelta(hours=1)
    access.add_user(_user("ana"), "hash")
    for digest in ("a", "b"):
        access.begin_session(digest, "ana", AT, soon)
    found = access.of_session("a", AT)
    assert found is not None
    assert (found.name, found.role) == ("ana", "read")
    assert access.of_session("a", soon) is None
    access.end_session("a")
    access.end_session("a")
    assert access.of_session("a", AT) is None
    assert access.change_user("ana", role="write").role == "write"
    again = access.of_session("b", AT)
    assert again is not None
    assert again.role == "write"
    access.change_user("ana", password="new")
    assert access.of_session("b", AT) is None
    access.begin_session("c", "ana", AT, soon)
    access.remove_user("ana")
    assert access.of_session("c", AT) is None


def test_a_token_has_the_lesser_role_and_ends_for_good(database: Database) -> None:
    access = database.access
    access.add_user(_user("ana", "write"), None)
    with pytest.raises(NotFound):
        access.add_token(_token("nobody"), "d0")
    access.add_token(_token("ana", "write", expires_at=AT + timedelta(days=1)), "d1")
    found = access.of_token("d1", AT)
    assert found is not None
    assert (found.name, found.role, found.token_id) == ("ana", "write", "t1")
    assert access.tokens("ana")[0].used_at == AT
    assert access.of_token("d1", AT + timedelta(seconds=30)) is not None
    assert access.tokens()[0].used_at == AT  # not a write a request
    assert access.of_token("d1", AT + timedelta(days=1)) is None
    access.change_user("ana", role="read")
    lesser = access.of_token("d1", AT)
    assert lesser is not None
    assert lesser.role == "read"
    with pytest.raises(UsageError, match="only read"):
        access.add_token(_token("ana", "write"), "d2")
    with pytest.raises(NotFound):
        access.revoke_token("t1", AT, user="bob")
    assert access.revoke_token("t1", AT).revoked_at == AT
    assert access.revoke_token("t1", AT + timedelta(hours=1)).revoked_at == AT
    assert access.of_token("d1", AT) is None


def test_the_log_is_read_newest_first_a_page_at_a_time(database: Database) -> None:
    for number in range(5):
        database.access.note(AuditEntry(at=AT, visitor="ana", action=f"a{number}", outcome="done"))
    first = database.access.audit(2)
    assert [one.action for one in first] == ["a4", "a3"]
    assert [one.action for one in database.access.audit(9, before=first[-1].number)] == ["a2", "a1", "a0"]


def test_views_are_of_their_owner_and_not_too_many(database: Database) -> None:
    shelf = database.visitor_shelf
    view = SavedView(name="Chips", query={"tag": "Semiconductors"}, created_at=AT)
    shelf.save_view("ana", view)
    changed = view.model_copy(update={"query": {"q": "fab"}})
    shelf.save_view("ana", changed)
    assert shelf.views("ana") == [changed]
    assert shelf.views("bob") == []
    with pytest.raises(NotFound):
        shelf.remove_view("bob", "Chips")
    for number in range(MOST_VIEWS - 1):
        shelf.save_view("ana", view.model_copy(update={"name": str(number)}))
    with pytest.raises(UsageError, match="Remove one"):
        shelf.save_view("ana", view.model_copy(update={"name": "one more"}))
    shelf.save_view("ana", view)
    shelf.remove_view("ana", "Chips")
    assert len(shelf.views("ana")) == MOST_VIEWS - 1


def test_a_key_is_of_its_owner_for_a_day_and_a_lost_request_frees_it(database: Database) -> None:
    shelf, answer = database.visitor_shelf, KeptAnswer("r", 201, "application/json", b"{}")
    assert shelf.begin_request("ana", "k", "r", AT) is None
    assert shelf.begin_request("bob", "k", "r", AT) is None
    assert shelf.begin_request("ana", "k", "r", AT) == KeptAnswer("r", None, None, None)
    shelf.end_request("ana", "k", answer)
    assert shelf.begin_request("ana", "k", "other", AT) == answer
    assert shelf.begin_request("bob", "k", "r", AT + ABANDONED_AFTER) is None
    assert shelf.begin_request("ana", "k", "r", AT + KEPT_FOR) is None
    shelf.end_request("ana", "k", None)
    assert shelf.begin_request("ana", "k", "r", AT + KEPT_FOR) is None
