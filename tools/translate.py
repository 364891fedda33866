"""Bring ``resources/i18n/*.ts`` up to date with the texts in ``plugin``: ``python tools/translate.py [--check]``.

Every literal given to ``tr`` is a text. Translations are kept; new texts come in unfinished, gone ones go. ``--check``
changes nothing and fails if a file is not up to date, a text is unfinished, or a placeholder got lost.
"""

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "i18n"
PLACEHOLDER = re.compile(r"\{\w+\}")


def find_texts():
    """Return every text of the plugin with the file that it is in, in the order of files and lines."""
    texts = {}
    for path in sorted((ROOT / "plugin").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                argument = node.args[0]
                if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                    if path.name != "i18n.py":
                        sys.exit(f"{path}:{node.lineno}: tr() takes a literal.")
                    continue
                texts.setdefault(argument.value, path.relative_to(ROOT).as_posix())
    return texts


def read(path):
    """Return the translations in a file."""
    found = {}
    for message in ElementTree.parse(path).getroot().iter("message"):
        translation = message.find("translation")
        if translation is not None and translation.get("type") != "unfinished" and translation.text:
            found[message.findtext("source")] = translation.text
    return found


def render(language, texts, translations):
    """Return the text of a .ts file."""
    root = ElementTree.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = "Referent"
    for text, place in texts.items():
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "location", filename=f"../../{place}")
        ElementTree.SubElement(message, "source").text = text
        translation = ElementTree.SubElement(message, "translation")
        if text in translations:
            translation.text = translations[text]
        else:
            translation.set("type", "unfinished")
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n'


def problems(path, texts):
    """Yield what is wrong with a file."""
    translations = read(path)
    language = ElementTree.parse(path).getroot().get("language")
    if path.read_text(encoding="utf-8") != render(language, texts, translations):
        yield f"{path.name} is not up to date: run 'make translations'"
    for text in texts:
        if text not in translations:
            yield f"{path.name}: not translated: {text!r}"
        elif sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(translations[text])):
            yield f"{path.name}: placeholders differ: {text!r}"


def main():
    """Update or check."""
    texts = find_texts()
    files = sorted(FOLDER.glob("*.ts"))
    if "--check" in sys.argv:
        found = [problem for path in files for problem in problems(path, texts)]
        sys.exit("\n".join(found) or 0)
    for path in files:
        language = ElementTree.parse(path).getroot().get("language")
        translations = read(path)
        path.write_text(render(language, texts, translations), encoding="utf-8")
        print(f"{path.name}: {len(texts)} texts, {sum(text not in translations for text in texts)} unfinished")


if __name__ == "__main__":
    main()
