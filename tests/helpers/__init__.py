"""What several test files use. Fixtures are in conftest.py."""

import pkgutil

import pytest

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    pytest.register_assert_rewrite(_module.name)  # their asserts tell as much as those of the tests
