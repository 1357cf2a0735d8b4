"""Root never runs a server as root: PostgreSQL refuses to, and a broker had better not."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from angkut_broker.errors import AngkutError

#: `nobody`; it need not exist in the machine's list of users.
NOBODY = 65534


class FolderOutOfReachError(AngkutError):
    """The user that runs the servers cannot enter the data folder."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """How a server is started so that it is not root."""

    #: Put before the command.
    prefix: Sequence[str] = ()
    #: Change to this user and group, which then must own the server's folder.
    uid: int | None = None

    def enter(self, folder: Path) -> None:
        """Let the server into its folder, through the one above, without listing that.

        Raises
        ------
        FolderOutOfReachError
            A folder further up is closed, and not ours to open.

        """
        if self.uid is not None:
            folder.parent.chmod(0o711)
        self.give(folder)
        if self.uid is None:
            return
        tried = subprocess.run(
            [shutil.which("test") or "test", "-x", folder],
            user=self.uid,
            group=self.uid,
            extra_groups=[],
            check=False,
        )
        if tried.returncode != 0:
            raise FolderOutOfReachError(
                f"user {self.uid} cannot enter {folder}. Root runs servers as that user, because "
                "this machine has no user namespaces: set ANGKUT_DATA_DIR to a folder whose "
                "parents everyone may enter, such as /var/lib/angkut, or start as another user"
            )

    def give(self, folder: Path) -> None:
        """Make the server's user the owner of a folder and of all that is in it.

        Root takes back what an earlier run had given away; anyone else owns it anyway.
        """
        if os.geteuid() != 0:
            return
        owner = self.uid or 0
        for path in (folder, *folder.rglob("*")):
            # A running server makes and removes files at will.
            with suppress(FileNotFoundError):
                if path.lstat().st_uid != owner:
                    os.chown(path, owner, owner, follow_symlinks=False)


AS_WE_ARE = Privileges()


def for_servers() -> Privileges:
    """Choose by who we are and what the machine allows.

    A user namespace is preferred: the server sees an ordinary user id while its files stay
    root's, so no user is made, no owner changed and a folder below a closed `/root` will do.
    """
    if os.geteuid() != 0:
        return AS_WE_ARE
    return user_namespace() or Privileges(uid=NOBODY)


def user_namespace() -> Privileges | None:
    """Return the way through a user namespace, or None where the machine forbids it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    prefix = (unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
    probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return Privileges(prefix=prefix) if probe.returncode == 0 else None
