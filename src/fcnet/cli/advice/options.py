"""Options and settings that the commands do not know, and what to write instead."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fcnet import schema
from fcnet.cli.advice import usage
from fcnet.config import near
from fcnet.config.named import find as configs
from fcnet.errors import ConfigError
from fcnet.rundir import find
from fcnet.system import files
from fcnet.system.text import few

# One-letter options, as settings; ``near`` has the longer names that other programs use.
_LETTERS = {"e": "train.epochs", "b": "train.batch_size", "s": "seed"}
_GIVEN = dict.fromkeys(("amp", "fp16", "half", "bf16", "mixed_precision"), "bf16")
_YES = ("deskew", "batch_norm", "nesterov", "tied", "binarise", "keep_gram")  # keys that are true or false
_LISTS = {"model.hidden": 1, "data.image_size": 2}  # the least number of values

# Options of other programs, as options of fcnet.
_OPTIONS = {
    **dict.fromkeys(("output", "output_dir", "out_dir", "outdir", "save_dir", "logdir", "o", "name", "dir"), "--out"),
    **dict.fromkeys(("cfg", "conf", "configuration", "yaml", "f", "config_file", "config_path"), "--config"),
    **dict.fromkeys(("continue", "restart", "resume_from", "resume_from_checkpoint", "last"), "--resume"),
    **dict.fromkeys(("overwrite_existing", "exist_ok", "replace"), "--overwrite"),
}
_RUN = ("run", "model", "checkpoint", "ckpt", "load", "model_path", "m", "w", "checkpoint_dir", "run_dir")
_IMAGES = ("image", "images", "input", "source", "img", "i", "data", "file", "files")

_SENTENCES = {
    **dict.fromkeys(
        ("workers", "num_workers", "n_jobs", "nproc", "j", "jobs"),
        "fcnet has no workers, because decoded images stay in memory; leave it out",
    ),
    **dict.fromkeys(("silent", "s"), "no such option; write -q"),
    **dict.fromkeys(("log_level", "loglevel"), "no such option; write -v, and for the traceback of an error --debug"),
}

_THREADS = ("threads", "num_threads", "n_threads", "nthreads")
_FEWER = "no such option; set the most in the environment, before the command: OMP_NUM_THREADS=1"

_TAKE_SETTINGS = ("train", "config show", "config check")

_SETTING = re.compile(r"[A-Za-z_][\w.]*=")


# --- what the parser rejects ----------------------------------------------------------------------------------------


def explain(error: Any, words: Sequence[str], app: Any) -> ConfigError:
    """Return the parser's error as a sentence that says what to write.

    Args:
        error: raised by the parser.
        words: the words of the command line.
        app: as for ``arrange``.
    """
    command, behind = usage.of(words, app)
    path = " ".join(["fcnet", *words[: len(words) - len(behind)]])
    option = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        i = next((i for i, word in enumerate(behind) if word.split("=")[0] == option or word[:2] == option), None)
        value = None if i is None else _value(behind, i)
        return ConfigError(f"command line: {option}: {_unknown_option(option, value, path, command, app)}")
    message = " ".join(str(error.format_message()).split()).rstrip(".").replace("Value error, ", "")
    message = message.replace(
        "Input should be a valid integer, unable to parse string as an integer", "not a whole number"
    )
    choices = re.search(r"'([^']*)' is not one of (.*)", message)
    meant = near.value(choices[1], re.findall(r"'([^']*)'", choices[2])) if choices else None
    if choices and meant is None and "'--weights'" in message:
        meant = "a file of weights is named without an option, in place of the RUN"
    return ConfigError(f"command line: {message}{f'; {meant}' if meant else '.'} See {path} --help")


def _value(words: Sequence[str], i: int) -> str | None:
    """Return the value of an option: the text after an equals sign, or the next words if they can be values."""
    _, equals, value = words[i].partition("=")
    if equals:
        return value
    behind = words[i + 1 :]
    if behind and re.fullmatch(r"-[.\d].*|[^-].*", behind[0]) and not _SETTING.match(behind[0]):
        numbers = [word for word in behind if re.fullmatch(r"[\d,]+", word)]
        return ",".join(numbers) if len(numbers) > 1 and list(behind[: len(numbers)]) == numbers else behind[0]
    return None


def _unknown_option(option: str, value: str | None, path: str, command: Any, app: Any) -> str:
    """Return what to say about an option that a command does not have."""
    name = option.lstrip("-").lower().replace("-", "_")
    own, label = usage.options(command), path.removeprefix("fcnet ")
    dashed = f"--{name.replace('_', '-')}"
    if dashed in own and option != dashed:
        return f"no such option; write {dashed}"
    if (device := _device(name, value)) is not None:
        if "--device" not in own and label not in _TAKE_SETTINGS:
            return "no such option; leave it out, because this command does not use a device"
        return f"no such option; write {'--device ' if '--device' in own else 'device='}{device}"
    if name in _SENTENCES:
        return _SENTENCES[name]
    if name in _THREADS and label not in _TAKE_SETTINGS:
        return _FEWER
    if (right := _OPTIONS.get(name)) in own:
        return f"no such option; write {right}{'' if value is None or own[right].is_flag else f' {value}'}"
    metavars = " ".join(str(one.metavar) for one in command.params if one.param_type_name == "argument")
    if name in _RUN and "RUN" in metavars:
        behind = " IMAGE" if "IMAGE" in metavars else ""
        return f"no such option; name the RUN without an option: {path} {value or 'RUN'}{behind}"
    if name in _IMAGES and "IMAGE" in metavars:
        return f"no such option; name images without an option, after the RUN: {path} RUN {value or 'IMAGE'}"
    key = _key(name)
    if key is not None and label in _TAKE_SETTINGS:
        if key in ("seed", "device") and f"--{key}" in own:
            return f"no such option; write --{key} {value or 'VALUE'}"
        return f"no such option; settings are KEY=VALUE: {_advice(key, name, value)}"
    if label in _TAKE_SETTINGS and (sentence := near.key(name, "")) is not None:
        return f"no such option; {sentence}"
    others = [one for one, it in _all_commands(app).items() if option in usage.options(it)]
    if others:
        return f"is an option of {', '.join(others)}, not of {label}; see {path} --help"
    if key is not None:
        return f"no such option; {label} uses the settings of the run, which are in its {find.CONFIG}"
    close = difflib.get_close_matches(option, own, n=1) or difflib.get_close_matches(dashed, own, n=1)
    if not close and label in _TAKE_SETTINGS and (keys := difflib.get_close_matches(name, _leaves(), n=1, cutoff=0.75)):
        return f"no such option; settings are KEY=VALUE; did you mean {_advice(str(_key(keys[0])), keys[0], value)}?"
    return f"no such option; {f'did you mean {close[0]}? ' if close else ''}see {path} --help"


def _device(name: str, value: str | None) -> str | None:
    """Return the device that an option of another program means."""
    number = value if value is not None and value.isdecimal() else None
    if name in ("no_cuda", "no_gpu", "cpu"):
        return "cpu"
    if name in ("gpu", "gpus", "cuda", "device_id", "gpu_id", "use_cuda", "use_gpu", "g", "accelerator"):
        if value in ("cpu", "-1", "none", "auto"):
            return "auto" if value == "auto" else "cpu"
        return "cuda" if number is None else f"cuda:{number}"
    return None


def _key(name: str) -> str | None:
    """Return the config key that an option means: by its whole name, its last part, or its name elsewhere."""
    keys = schema.keys()
    if name in keys:
        return name
    same = [key for key in keys if key.split(".")[-1] == name]
    depth = min((key.count(".") for key in same), default=0)
    highest = [key for key in same if key.count(".") == depth]
    if len(highest) == 1:
        return highest[0]
    elsewhere = near.key(name, "")
    return _LETTERS.get(name) or (elsewhere if elsewhere in keys else None)


def _leaves() -> list[str]:
    """Return the last parts of keys that identify a single key."""
    keys = schema.keys()
    return sorted(leaf for leaf in {key.split(".")[-1] for key in keys} if _key(leaf) is not None)


def _advice(key: str, name: str, value: str | None) -> str:
    """Return ``KEY=VALUE``; for a section, some of its keys."""
    keys, depth = schema.keys(), key.count(".") + 1
    inner = sorted(one for one in keys if one.startswith(f"{key}.") and one.count(".") == depth)
    if inner and key.split(".")[-1] not in schema.named_keys():
        return f"one of {few(inner, 6)}"
    return _setting(key, name, value)


def _setting(key: str, name: str, value: str | None) -> str:
    """Return ``KEY=VALUE`` as it should be written, in quotes if a shell needs them."""
    if name in _GIVEN:
        value = _GIVEN[name]
    if value is None:
        value = "true" if key.split(".")[-1] in _YES else "VALUE"
    if key in _LISTS and re.fullmatch(r"[\d,]+", value):
        numbers = [number for number in value.split(",") if number]
        value = f"[{', '.join(numbers * (_LISTS[key] if len(numbers) == 1 else 1))}]"
    word = f"{key}={value}"
    return f'"{word}"' if re.search(r"[\s\[\]{}*?()&;<>|$]", word) else word


def _all_commands(app: Any, before: str = "") -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name, command in app.commands.items():
        found |= _all_commands(command, f"{name} ") if hasattr(command, "commands") else {before + name: command}
    return found


# --- configs and settings -------------------------------------------------------------------------------------------


def split(file: Path | None, words: Sequence[str] | None) -> tuple[Path | None, list[str]]:
    """Separate the config from the settings among words: a file or a name of a config does not need ``--config``.

    Raises:
        ConfigError: there are two configs, there is no such file, or a word is not a setting.
    """
    named = [word for word in words or () if not _SETTING.match(word) and _names_config(word)]
    settings = [word for word in words or () if word not in named]
    parse = configs.option("--config")
    given = [*([] if file is None else [file]), *map(parse, named)]
    if len(given) > 1:
        told = [*([] if file is None else [str(file)]), *named]
        raise ConfigError(
            f"command line: two configs are given ({' and '.join(told[:2])}); {usage.one_config(*told[:2])}"
        )
    if given:
        check_file(given[0])
    _check_settings(settings)
    return given[0] if given else None, settings


def _names_config(word: str) -> bool:
    """Return whether a word is the path of a YAML file, which may not exist, or the name of one that does."""
    if word.endswith(configs.SUFFIXES):
        return True
    found = None if find.is_run(Path(word)) else configs.find(word)
    return found is not None and found.suffix in configs.SUFFIXES


def is_setting(word: str) -> bool:
    """Return whether a word looks like ``KEY=VALUE``."""
    return _SETTING.match(word) is not None


def example() -> str:
    """Return a clause that names a config which always exists."""
    return f", such as {find.FIRST} (fcnet config list shows the configs that come with fcnet)"


def resumed(word: Path, own_config: bool) -> Path:
    """Return the run that ``--resume`` names, with its own config or a given one. Raises ConfigError if it is none."""
    if files.look(word) is None and not find.means_run(str(word)):
        raise ConfigError(
            f"--resume {word}: {files.absent(word, 'does not exist')}; name a run directory{find.offers(word)}"
        )
    if files.is_file(word):
        raise ConfigError(f"--resume {word}: is a file; name a run directory")
    if find.means_run(str(word)):
        return find.one(word)
    if own_config:
        raise ConfigError(f"--resume {word}: is not a run directory (it has no {find.CONFIG}); name one")
    return word  # perhaps only its config is missing


def check_file(path: Path) -> None:
    """Raise ConfigError, with a similar name, if a config does not exist. Raises ResourceError as ``files.look``."""
    if files.is_folder(path):
        if find.is_run(path):
            raise ConfigError(
                f"{path}: is a run; to resume it: fcnet train --resume {path}; its config is {path / find.CONFIG}"
            )
        return
    if files.look(path) is None and "\0" not in str(path):
        raise configs.missing(path)


def _check_settings(words: Sequence[str]) -> None:
    """Raise ConfigError for the first word that is not a setting, if it is clear what was meant."""
    for i, word in enumerate(words):
        behind = words[i + 1 :]
        if problem := _no_setting(word, behind):
            raise ConfigError(f"command line: {problem}")


def _no_setting(word: str, behind: Sequence[str]) -> str | None:
    key, equals, value = word.partition("=")
    following = next((one for one in behind if one != "="), "")
    if behind and ((not equals and behind[0].startswith("=")) or (equals and not value and "=" not in behind[0])):
        following = following.removeprefix("=") or next((one for one in behind[1:]), "")
        written = " ".join(part for part in (word, behind[0], *behind[1:2]) if part)
        return f"{written!r}: has spaces around its equals sign; write {_setting(key, '', following)}"
    if equals:
        return None
    if os.path.isdir(word) and find.is_run(Path(word)):
        return f"{word!r}: is a run; to resume it: fcnet train --resume {word}"
    name, colon, value = word.partition(":")
    if colon and _key(name):
        return (
            f"{word!r}: is written as in a file; here write {_setting(str(_key(name)), '', value or following or None)}"
        )
    if len(word) > 2 and (meant := _key(word)):
        value = "" if not behind or "=" in following else following
        return f"{word!r}: is a key without a value; write {_advice(meant, '', value or None)}"
    close = configs.near(Path(word))
    return close and f"{word!r}: is neither KEY=VALUE nor a config; did you mean {close}?"
