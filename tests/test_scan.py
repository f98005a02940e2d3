"""The scan of `make check` finds a secret that nobody has looked at."""

import shutil
import subprocess
from pathlib import Path

from tools.scan import secrets

# Written apart, so that this file holds none.
PLANTED = {
    "key.txt": "AKIA" + "QYLPMN5HHHFPZAM2",
    "settings.py": 'PASSWORD = "hunter-' + '2-is-long"',
    "key.pem": "-----BEGIN RSA " + "PRIVATE KEY-----",
}


def test_planted_secrets_are_found_and_ignored_files_are_not_read(tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git
    (tmp_path / ".gitignore").write_text("local/\n")
    (tmp_path / "local").mkdir()
    for name, content in PLANTED.items():
        (tmp_path / name).write_text(f"{content}\n")
        (tmp_path / "local" / name).write_text(f"{content}\n")
    (tmp_path / "plain.py").write_text('NAME = "shop"\n')
    for arguments in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run([git, *arguments], cwd=tmp_path, check=True)
    assert {told.partition(":")[0] for told in secrets(tmp_path)} == PLANTED.keys()
