from pathlib import Path

import pytest

from records.errors import SettingsError
from terminal.commands.config import effective
from terminal.settings import load_settings, shown


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_flag_beats_environment_beats_file_beats_default(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('model = "small"\nthreads = 3\ntimeout_seconds = 9\n')
    monkeypatch.setenv("RHYME_MODEL", "gpt-x")
    monkeypatch.setenv("RHYME_THREADS", "4")
    loaded = load_settings({"model": "own.gguf", "home": None})
    settings = loaded.settings
    assert (settings.model, settings.threads, settings.timeout_seconds, settings.provider) == (
        "own.gguf",
        4,
        9.0,
        "auto",
    )
    assert loaded.origins["model"] == "flag"
    assert loaded.origins["threads"] == "environment (RHYME_THREADS)"
    assert loaded.origins["timeout_seconds"] == f"file ({home / 'config.toml'})"
    assert loaded.origins["provider"] == "default"


def test_the_home_flag_decides_which_file_is_read(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.toml").write_text('model = "tiny"\n')
    loaded = load_settings({"home": str(other)})
    assert loaded.settings.home == other
    assert loaded.settings.model == "tiny"


def test_without_any_setting_the_home_is_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RHYME_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({}).settings.home.is_relative_to(tmp_path)
    assert load_settings({}).settings.home.name == "rhyme"


def test_openai_variables_are_honoured_and_rhymes_own_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/")
    loaded = load_settings({})
    assert loaded.settings.api_key is not None
    assert loaded.settings.api_key.get_secret_value() == "sk-first"
    assert loaded.settings.base_url == "http://localhost:8000/v1"
    assert loaded.origins["api_key"] == "environment (OPENAI_API_KEY)"
    monkeypatch.setenv("RHYME_API_KEY", "sk-second")
    again = load_settings({}).settings.api_key
    assert again is not None
    assert again.get_secret_value() == "sk-second"


def test_an_unknown_key_in_the_file_names_the_nearest_one(home: Path) -> None:
    (home / "config.toml").write_text("timeout = 3\n")
    with pytest.raises(SettingsError, match=r"unknown key `timeout`.*Did you mean `timeout_seconds`"):
        load_settings({})


def test_home_cannot_stand_in_its_own_file(home: Path) -> None:
    (home / "config.toml").write_text('home = "/elsewhere"\n')
    with pytest.raises(SettingsError, match="cannot stand in it"):
        load_settings({})


@pytest.mark.parametrize("content", [b"model = ", b"model = \xff"])
def test_a_broken_file_is_named(home: Path, content: bytes) -> None:
    (home / "config.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"config\.toml is not valid TOML"):
        load_settings({})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RHYME_TIMEOUT_SECONDS", "soon"),
        ("RHYME_TIMEOUT_SECONDS", "0"),
        ("RHYME_PROVIDER", "azure"),
        ("RHYME_BASE_URL", "ftp://host"),
        ("RHYME_THREADS", "0"),
    ],
)
def test_a_bad_value_is_shown_with_its_origin(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    assert value in str(caught.value)
    assert variable in str(caught.value)
    assert "docs/settings.md" in str(caught.value)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYME_MODEL", "")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    loaded = load_settings({})
    assert loaded.settings.model == "default"
    assert loaded.settings.api_key is None


def test_misspelled_variables_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RHYME_MODLE", "small")
    assert load_settings({}).unknown_variables == ("RHYME_MODLE",)


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("RHYME_DATABASE_URL", "postgresql://ann:p@ss:hunter2@host/db")
    loaded = load_settings({})
    assert "hunter2" not in repr(effective(loaded))
    assert "sk-secret" not in repr((loaded, effective(loaded)))
    assert shown("database_url", "postgresql://ann@host/db") == "postgresql://ann@host/db"
