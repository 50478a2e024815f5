"""The tree of errors."""

import errno

from fcnet import errors
from fcnet.system import files, text


def test_exit_codes_are_those_of_the_table() -> None:
    codes = {kind.__name__: kind.exit_code for kind in errors.FcnetError.__subclasses__()}
    assert errors.OutOfMemory.exit_code == errors.ResourceError.exit_code
    assert codes == {
        "ConfigError": 2,
        "DataError": 3,
        "DivergedError": 4,
        "CheckpointError": 5,
        "ResourceError": 6,
        "InUseError": 7,
        "RunsFailed": 8,
        "Stopped": 75,
    }
    for name, code in codes.items():
        line = next(line for line in (errors.__doc__ or "").splitlines() if name in line)
        assert line.split(name)[1].split()[0] == str(code)


def test_long_lists_are_cut_and_counted() -> None:
    assert text.listed(["a", "b"], "x") == ("a", "b")
    long = text.listed([str(i) for i in range(25)], "bad things")
    assert long == (*map(str, range(10)), "bad things (the first 10 of 25 are listed above)")


def test_errors_of_the_system_name_the_file_and_the_way_out() -> None:
    full = files.from_os_error(OSError(errno.ENOSPC, "No space left", "out/model.pth"))
    assert str(full) == "out/model.pth: the disk is full; free some space or choose another folder"
    assert full.exit_code == 6
    assert "permission denied" in str(files.from_os_error(PermissionError(errno.EACCES, "x", "f")))
