"""Put ``configs/`` into the package when a wheel is built; everything else about the package is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CONFIGS = Path(__file__).parent / "configs"


class WithConfigs(build_py):
    """Copies the configs to fcnet/configs, unless the installation is editable: that one finds the folder itself."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            there = Path(self.build_lib) / "fcnet" / "configs"
            shutil.rmtree(there, ignore_errors=True)  # those of an earlier build
            shutil.copytree(CONFIGS, there, ignore=lambda _, names: {name for name in names if name[0] == "."})

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        there = Path(self.build_lib) / "fcnet" / "configs"
        configs = [str(there / file.relative_to(CONFIGS)) for file in CONFIGS.rglob("*.yaml")]
        return [*super().get_outputs(include_bytecode), *configs]


setup(cmdclass={"build_py": WithConfigs})
