"""A workspace: its folders, the names in it, and `tk.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, ValidationError, convert, field, json

from tkcore.errors import BadInput, BadName, NotFound
from tkcore.root import FILE, root_of

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
BOOK = re.compile(r"[a-z][a-z0-9_]{0,30}")
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`plugins` maps an enabled plugin to the digest of what was enabled.

    `codebooks` are those that new sessions get, `retired` those that only the sessions which have them go on reading.
    """

    language: str = ""
    vault: str = "plain"
    codebooks: tuple[str, ...] = ("handbook",)
    retired: tuple[str, ...] = ()
    plugins: dict[str, str] = field(default_factory=dict)


class Workspace(Struct, frozen=True):
    """Where everything lies."""

    root: Path

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def codebooks(self) -> Path:
        return self.root / "codebooks"

    @property
    def groups(self) -> Path:
        return self.root / "groups"

    def group(self, group: str) -> Path:
        return self.groups / name(group)

    def group_log(self, group: str) -> Path:
        return self.group(group) / "log"

    def session(self, session: str) -> Path:
        group, _, own = session.partition("/")
        return self.group(group) / "sessions" / name(own)

    def group_names(self) -> list[str]:
        return _folders(self.groups)

    def session_names(self, group: str | None = None) -> list[str]:
        """Every session of a group or of all, as group/session."""
        groups = self.group_names() if group is None else [name(group)]
        return [f"{g}/{s}" for g in groups for s in _folders(self.groups / g / "sessions")]

    def config(self) -> Config:
        return load(self.root / FILE)


def name(word: str) -> str:
    """Return a group's or session's name in the one form it has on disk.

    Raises BadName for whatever could leave its folder or be another name on another system.
    """
    low = word.lower()
    if not NAME.fullmatch(low) or _DEVICES.fullmatch(low):
        raise BadName(
            "{word!r} cannot be a name: use 1 to 31 letters a-z, digits, - and _, beginning with a letter or digit",
            word=word[:80],
        )
    return low


def session_name(word: str) -> str:
    """Return `group/session`. Raises BadName."""
    group, slash, own = word.partition("/")
    if not slash:
        raise BadName("{word!r} is no session: write it as group/session", word=word[:80])
    return f"{name(group)}/{name(own)}"


def find(option: str | None, environ: Mapping[str, str], here: Path) -> Workspace:
    """Return the workspace: the option, TK_WORKSPACE, or the nearest folder upward that is one.

    Raises NotFound.
    """
    root = root_of(option, environ, here)
    if root is None:
        raise NotFound("no workspace here. Make one: tk init DIR, then work in it, or name it with -w DIR")
    if not (root / FILE).is_file():
        raise NotFound("{root} is no workspace (it has no tk.toml). Make one: tk init {root}", root=root)
    return Workspace(root.resolve())


def locate(workspace: Workspace, word: str) -> str:
    """Return the full name of a session named whole, or by its own name where that is unique.

    Raises NotFound.
    """
    if "/" in word:
        full = session_name(word)
        if not workspace.session(full).is_dir():
            raise NotFound("there is no session {session}. See: tk session list", session=full)
        return full
    own = name(word)
    fits = [full for full in workspace.session_names() if full.partition("/")[2] == own]
    if not fits:
        raise NotFound("there is no session {session}. See: tk session list", session=own)
    if len(fits) > 1:
        raise NotFound("several sessions are named {session}: {fits}", session=own, fits=", ".join(fits))
    return fits[0]


def load(path: Path) -> Config:
    """Read tk.toml. Raises BadInput naming the file and the fault."""
    try:
        config = convert(tomllib.loads(path.read_text("utf-8")), Config)
    except (OSError, ValueError, RecursionError, ValidationError) as error:
        raise BadInput("{path}: {error}", path=path, error=error) from None
    books = (*config.codebooks, *config.retired)
    for at, book in enumerate(books):
        if not BOOK.fullmatch(book):
            raise BadInput(
                "{path}: {book!r} cannot be a codebook's name: small letters, digits and _", path=path, book=book[:80]
            )  # fmt: skip
        if book in books[:at]:
            raise BadInput("{path}: the codebook {book} stands twice", path=path, book=book)
    return config


def dump(config: Config) -> bytes:
    """Return the text of tk.toml."""
    lines = [
        "# This folder is a tkcore workspace. Edit with care; `tk init` wrote it.",
        f"language = {_text(config.language)}",
        f"vault = {_text(config.vault)}",
        f"codebooks = {_list(config.codebooks)}",
        *([f"retired = {_list(config.retired)}"] if config.retired else []),
        "",
        "[plugins]",
        "# enabled plugins, each with the digest of what was enabled",
        *(f"{_key(plugin)} = {_text(digest)}" for plugin, digest in sorted(config.plugins.items())),
    ]
    return ("\n".join(lines) + "\n").encode()


def _list(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(_text, words)) + "]"


def _text(word: str) -> str:
    """Return a text as TOML has it: as JSON, which lets one sign stand that TOML does not."""
    return json.encode(word).decode().replace("\x7f", "\\u007f")


def _key(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z0-9_-]+", word) else _text(word)


def _folders(path: Path) -> list[str]:
    if not path.is_dir():
        return []
    return sorted(p.name for p in path.iterdir() if p.is_dir() and NAME.fullmatch(p.name))
