"""Prompts: versioned Jinja2 files, one a task and language, rendered with their data fenced off.

A file `<name>.<lang>.j2` begins with front matter between two lines `---` (YAML: `version`, `purpose`) and has a
block `user` and, where it opens a talk, a block `system`. The system block sees settings only, so that it is
the same, byte for byte, for all records; data reach the user block as fenced text and in no other form. A fence
is a pair of lines with a code derived from the data between them, which the data therefore cannot hold.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import jinja2
import yaml
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from medsynth.errors import UserError
from medsynth.llm.base import Message
from medsynth.resources import resource


@dataclass(frozen=True)
class Variables:
    """What a prompt is given: settings, the same for all records of a source, for any block; `data`, text of the
    record that nobody vouches for; and `asked`, what is wanted of this record, in our own words.
    """

    settings: frozenset[str]
    data: frozenset[str]
    asked: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Every variable."""
        return self.settings | self.data | self.asked


def _variables(settings: str, data: str, asked: str = "") -> Variables:
    return Variables(*(frozenset(names.split()) for names in (settings, data, asked)))


_REWRITE = _variables("limit min_followups max_followups max_turns source_lang", "source")
PROMPTS: dict[str, Variables] = {
    "filter": _variables("criteria", "source"),
    "filter-safety": _variables("criteria", "source"),
    "rewrite-single": _REWRITE,
    "rewrite-multi": _REWRITE,
    "rewrite-reference": _REWRITE,
    "rewrite-safety": _REWRITE,
    "translate": _REWRITE,
    "repair": _variables("limit", "problems"),
    "profile": _variables("", "source", "wanted"),
    "patient": _variables("limit", "case talk"),
}
"""Every prompt there is, with the variables that its templates may use."""

_FRONT = re.compile(r"\A---[ \t]*\n(?P<head>.*?)^---[ \t]*$", re.S | re.M)
# What begins a control token of some chat template: "<|im_start|>", "</s>", "<think>", "[INST]", "[gMASK]".
_CONTROL = re.compile(r"<(?=[/|｜!?A-Za-z_\[<])|[|｜](?=>)|\[(?=/?[A-Za-z_]{2,24}\])")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Said(Protocol):
    """Anything with a role and a text."""

    @property
    def role(self) -> Any: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102


def turn_lines(turns: Iterable[Said]) -> str:
    """Return one JSON object a line for the turns: no text can pose as another turn."""
    return "\n".join(json.dumps({"role": t.role, "text": t.text}, ensure_ascii=False) for t in turns)


def defused(text: str) -> str:
    """Return data with the control tokens of chat templates taken apart, and without characters nobody sees."""
    text = _SURROGATE.sub("\ufffd", _UNSEEN.sub(" ", text))
    return _CONTROL.sub(r"\g<0> ", text)


def fence(name: str, text: str) -> str:
    """Return `text`, defused, between two lines that it cannot contain."""
    body = defused(text)
    code, salt = "", 0
    while not code or code in body:
        code = hashlib.blake2b(f"{salt}|{name}|{body}".encode(), digest_size=8).hexdigest()
        salt += 1
    return f"<{name}-{code}>\n{body}\n</{name}-{code}>"


@dataclass(frozen=True)
class Prompt:
    """A prompt of one language. `hash` covers the text of the file and of the parts it includes."""

    name: str
    lang: str
    version: str
    purpose: str
    hash: str
    _template: jinja2.Template = field(repr=False, compare=False)
    _path: Path = field(repr=False, compare=False)

    def render(self, **values: Any) -> tuple[Message, ...]:
        """Return the messages. Values of `PROMPTS[name].data` must be text; they are fenced here.

        Raises UserError naming file and line where the template fails, ValueError for a value too few or many.
        """
        known = PROMPTS[self.name]
        if set(values) != known.all:
            raise ValueError(f"{self.name} takes {sorted(known.all)}, given {sorted(values)}")
        settings = {name: values[name] for name in known.settings}
        whole = {n: fence(n, value) if n in known.data else value for n, value in values.items()}
        messages = []
        for role, given in (("system", settings), ("user", whole)):
            if role in self._template.blocks:
                messages.append(Message(role, self._block(role, given)))  # type: ignore[arg-type]
        return tuple(messages)

    def _block(self, name: str, values: Mapping[str, Any]) -> str:
        try:
            return "".join(self._template.blocks[name](self._template.new_context(dict(values)))).strip()
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UserError(f"{_place_of(error, self._path)}: the prompt fails: {error}") from None


def load_prompt(name: str, lang: str, folder: Path | None = None) -> Prompt:
    """Return a prompt by name and language ("en", "zh"); files of `folder` go before the shipped ones.

    Raises UserError for a prompt that is not there and, naming file and line, for a template that is broken.
    """
    if name not in PROMPTS:
        raise UserError(f"there is no prompt {name!r}; prompts: {', '.join(PROMPTS)}")
    if folder is not None and not folder.is_dir():
        raise UserError(f"{folder}: no such folder of prompts")
    roots = [root for root in (folder, resource("prompts")) if root is not None]
    env = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(roots),
        autoescape=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    file = f"{name}.{lang}.j2"
    path = _find(roots, file)
    if path is None:
        have = sorted({p.name.split(".")[1] for root in roots for p in root.glob(f"{name}.*.j2")})
        raise UserError(f"there is no prompt {name!r} for {lang!r}; languages: {', '.join(have)}")
    digest = hashlib.blake2b(digest_size=16)
    head = _front(path)
    env.loader = _Texts(roots)
    seen: set[str] = set()
    waiting = [file]
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        where = _find(roots, part)
        if where is None:
            raise UserError(f"{path}: includes {part}, which is not there")
        text = _body(where)
        digest.update(f"{part}\n{text}\n".encode("utf-8", "replace"))
        waiting += _checked(env, text, where, PROMPTS[name], part == file)
    return Prompt(
        name,
        lang,
        str(head["version"]),
        str(head["purpose"]),
        digest.hexdigest(),
        env.get_template(file),
        path,
    )


class _Texts(jinja2.BaseLoader):
    """Files of the roots, their front matter blanked out so that line numbers stay."""

    def __init__(self, roots: list[Path]) -> None:
        self._roots = roots

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, None]:
        """Return text and path of a template (the contract of jinja2)."""
        path = _find(self._roots, template)
        if path is None:
            raise jinja2.TemplateNotFound(template)
        return _body(path), str(path), None


def _find(roots: list[Path], name: str) -> Path | None:
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part for part in parts):
        return None
    return next((path for root in roots if (path := root.joinpath(*parts)).is_file()), None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: a prompt must be UTF-8") from None


def _body(path: Path) -> str:
    return _FRONT.sub(lambda match: "\n" * match[0].count("\n"), _read(path), count=1)


def _front(path: Path) -> dict[str, Any]:
    match = _FRONT.match(_read(path))
    try:
        head = yaml.safe_load(match["head"]) if match else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 2 + (mark.line if mark else 0)
        raise UserError(f"{path}:{line}: the front matter is not valid YAML") from None
    if not isinstance(head, dict) or not {"version", "purpose"} <= set(head):
        raise UserError(f"{path}:1: a prompt begins with front matter that gives version and purpose")
    return head


def _checked(env: jinja2.Environment, text: str, path: Path, known: Variables, whole: bool) -> list[str]:
    """Return the templates that a text includes. Raises UserError where it cannot be rendered."""
    try:
        tree = env.parse(text, filename=str(path))
    except jinja2.TemplateSyntaxError as error:
        raise UserError(f"{path}:{error.lineno}: {error.message}") from None
    blocks = {block.name: block for block in tree.find_all(nodes.Block)}
    if whole and "user" not in blocks:
        raise UserError(f"{path}: a prompt needs a block named user")
    allowed = known.all if whole else known.settings
    for scope, variables in (*((b, _used(env, b)) for b in blocks.values()), (tree, _used(env, tree))):
        system = isinstance(scope, nodes.Block) and scope.name == "system"
        for variable in sorted(variables - (known.settings if system else allowed)):
            line = next((n.lineno for n in scope.find_all(nodes.Name) if n.name == variable), 1)
            hint = (
                f"{variable} differs from record to record; only the user block may use it"
                if variable in known.all
                else f"there is no variable {variable}; this prompt has {', '.join(sorted(allowed))}"
            )
            raise UserError(f"{path}:{line}: {hint}")
    included = list(meta.find_referenced_templates(tree))
    if None in included:
        raise UserError(f"{path}: what is included must be named outright")
    return [name for name in included if name]


def _used(env: jinja2.Environment, scope: nodes.Block | nodes.Template) -> set[str]:
    tree = nodes.Template(list(scope.body), lineno=1)
    tree.set_environment(env)
    return meta.find_undeclared_variables(tree)


def _place_of(error: BaseException, path: Path) -> str:
    """Return "file:line" of the innermost template that an error passed through."""
    place, frame = f"{path}:1", error.__traceback__
    while frame is not None:
        template = frame.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            place = f"{template.filename}:{template.get_corresponding_lineno(frame.tb_lineno)}"
        frame = frame.tb_next
    return place
