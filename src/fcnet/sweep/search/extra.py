"""The libraries of the extra ``search``, which are imported late."""

from fcnet.errors import ConfigError

INSTALL = "pip install 'fcnet[search]'"


def check(postgresql: bool) -> None:
    """Import the libraries that a search needs, and silence Optuna, which would write to stderr.

    Args:
        postgresql: whether the one for PostgreSQL is needed too.

    Raises:
        ConfigError: one cannot be imported.
    """
    try:
        import optuna

        if postgresql:
            import psycopg  # noqa: F401 - whether it is there
    except ImportError as error:
        raise ConfigError(f"search: needs Optuna and psycopg ({error}); install them with: {INSTALL}") from None
    optuna.logging.disable_default_handler()
