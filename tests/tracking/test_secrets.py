import pytest

from polymath.tracking.secrets import hide_secrets, without_secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://anna:pa@ss@db.example.org/runs", "postgresql://db.example.org/runs"),
        ("cannot open 'https://token@host/x' now", "cannot open 'https://host/x' now"),
        ("https://host/file?X-Amz-Signature=abc&part=2", "https://host/file?X-Amz-Signature=***&part=2"),
        ("run --params='hub.access_token=abc,run.name=b'", "run --params='hub.access_token=***,run.name=b'"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("tokens=4, max_tokens: 5", "tokens=4, max_tokens: 5"),
    ],
)
def test_users_passwords_and_secret_settings_are_taken_out_of_texts(text, expected):
    assert without_secrets(text) == expected


def test_settings_that_are_called_a_secret_are_hidden_and_others_are_not():
    given = {"hub.token": "abc", "api_key": "abc", "login.password": "", "tokenize.tokenizer.name": "trained", "seed": "1"}
    assert hide_secrets(given) == {**given, "hub.token": "***", "api_key": "***"}


def test_an_address_in_any_setting_loses_its_password():
    assert hide_secrets({"source.path": "s3://me:secret@bucket/key"}) == {"source.path": "s3://bucket/key"}
