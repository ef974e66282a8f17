"""What MkDocs calls to make the site: the project's own files become pages, and their links lead to pages.

    README.md, CHANGELOG.md, examples/ ...   pages as they are, each of the examples with its source
    a link to a source file                  a page with that file
    the reference                            a page for each group of public names, see reference.py
"""

import pathlib
import posixpath
import re
import sys

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from reference import pages, read_anew  # noqa: E402

# {page: file of the project}; those in docs/ are pages by themselves
FILES = {
    "index.md": "README.md", "changes.md": "CHANGELOG.md", "security.md": "SECURITY.md", "contributing.md": "CONTRIBUTING.md",
    "examples/index.md": "examples/README.md", "heart.md": "engine/core/README.md", "benchmarks.md": "benchmarks/README.md",
}  # fmt: skip
# Whose methods are shown with those that they inherit.
WHOLE = {"Callback", "Layer", "Loss", "Metric", "Model", "Optimizer"}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


def on_config(config):
    """The pages of the reference, in the place of the entry `Reference` of mkdocs.yml."""
    read_anew()  # `mkdocs serve` comes here after each change
    reference = ["reference/index.md", *({page.title: page.uri} for page in pages())]
    config.nav = [{"Reference": reference} if entry == "Reference" else entry for entry in config.nav]
    return config


def on_files(files, config):
    """Add all pages that are not files of docs/."""
    texts = {uri: (ROOT / path).read_text(encoding="utf-8") for uri, path in FILES.items()}
    written = {file.src_uri: file.content_string for file in files.documentation_pages()}
    linked = {path for uri, text in {**texts, **written}.items() for path in _linked(uri, text)}
    for path in sorted(path for path in linked if (ROOT / path).is_file()):
        if path.endswith(".py"):
            texts[_page_of(path)] = _source(path)
        elif path.endswith(".png") and not path.startswith("docs/"):
            files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    texts["reference/index.md"] = _index()
    texts.update({page.uri: _reference(page) for page in pages()})
    for uri, text in texts.items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links between files of the project become links between pages; a link to what has no page is plain text."""
    if page.file.src_uri.startswith(("reference/", "source/")):
        return markdown
    parts = _FENCE.split(markdown)
    parts[::2] = [_LINK.sub(lambda match: _link(match, page, files), _spaced(part)) for part in parts[::2]]
    return "".join(parts)


def _spaced(text):
    """With an empty line before each list: GitHub needs none, Python's Markdown does."""
    return re.sub(r"^(?![-*|\s]|\d+\. )(.+)\n(?=- |\d+\. )", r"\1\n\n", text, flags=re.MULTILINE)


def _home(uri):
    """The file of the project that a page is."""
    return FILES.get(uri, f"docs/{uri}")


def _target(uri, link):
    """The file of the project to which a link on a page leads; of a folder, the file that tells about it."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(_home(uri)), link))
    inside = [f"{path}/{name}" for name in ("README.md", "__init__.py") if (ROOT / path / name).is_file()]
    return inside[0] if inside else path


def _linked(uri, text):
    return [_target(uri, match[3]) for match in _LINK.finditer(text)]


def _page_of(path):
    """The page, or the picture, that shows a file."""
    pages_of = {file: uri for uri, file in FILES.items()}
    if path in pages_of:
        return pages_of[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith("examples/"):
        return path.removesuffix(".py") + ".md"
    return f"source/{path.removesuffix('.py')}.md" if path.endswith(".py") else path


def _link(match, page, files):
    picture, text, link, anchor = match.groups()
    target = _target(page.file.src_uri, link)
    uri = _page_of(target)
    if files.get_file_from_path(uri) is None:
        return text if (ROOT / target).exists() else match[0]  # MkDocs warns of what is nowhere
    there = posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or ".")
    return f"{picture}[{text}]({there}{anchor or ''})"


def _source(path):
    """The page of a source file, which the search leaves out."""
    code = (ROOT / path).read_text(encoding="utf-8").rstrip()
    title = path.removeprefix("examples/")
    return f"---\ntitle: {title}\nsearch:\n  exclude: true\n---\n# {title}\n\n```python linenums=\"1\"\n{code}\n```\n"


def _reference(page):
    """The page of a group of names: mkdocstrings fills it from the docstrings."""
    parts = [f"# {page.title}", f"From `{page.module}`."]
    for name in page.names:
        whole = name.path.rpartition(".")[2] in WHOLE
        order = "alphabetical" if whole else "source"  # what is inherited is from several files
        parts.append(f"::: {name.path}\n    options:\n      inherited_members: {str(whole).lower()}\n      members_order: {order}")
    return "\n\n".join(parts) + "\n"


def _index():
    """All names on one page, each with the first line of its docstring."""
    parts = ["# All names", "What `losses`, `engine` and `layers` offer. What begins with an underscore is not meant for use."]
    for page in pages():
        parts.append(f"## [{page.title}]({page.uri.removeprefix('reference/')})\n\n| name | what it is |\n|---|---|")
        for name in page.names:
            first = name.item.docstring.value.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
            parts[-1] += f"\n| [`{name.path.rpartition('.')[2]}`][{name.path}] | {first} |"
    return "\n\n".join(parts) + "\n"


def on_page_content(html, page, config, files):
    """The search looks at what is said of a name, not at its source."""
    return html.replace('<details class="mkdocstrings-source"', '<details class="mkdocstrings-source" data-search-exclude')
