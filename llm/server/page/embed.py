#!/usr/bin/env python3
"""Makes one document of the page's files, with a Content-Security-Policy that names its own script and style.

embed.py OUTPUT.html OUTPUT.cpp: the document alone, and as a C++ source for page.hpp.
"""

import base64
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Each after those that it imports from: they become one module.
SCRIPTS = """sse inline_markdown markdown highlight elements markdown_view calculator conversation
server storage settings theme status message_views conversation_view page""".split()
PIECE = 8000  # characters of a string literal


def script():
    text = ""
    for name in SCRIPTS:
        source = (HERE / f"{name}.mjs").read_text(encoding="utf-8")
        for imported in re.findall(r'^import [^;]*? from "\./(\w+)\.mjs";\n', source, re.M):
            if SCRIPTS.index(imported) >= SCRIPTS.index(name):
                sys.exit(f"{name}.mjs imports {imported}.mjs, which comes later")
        source = re.sub(r'^import [^;]*? from "\./\w+\.mjs";\n', "", source, flags=re.M)
        text += re.sub(r"^export ", "", source, flags=re.M) + "\n"
    # Two files may use one name for private things; as one module they may not.
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, re.M)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        sys.exit(f"defined twice: {', '.join(sorted(twice))}")
    if re.search(r"^(?:import|export)\b|</script", text, re.M | re.I):
        sys.exit("the script cannot stand in a document as it is")
    return text


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def literal(text):
    pieces = [text[i : i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"page({piece})page"' for piece in pieces)


def main(html_path, cpp_path):
    style = (HERE / "page.css").read_text(encoding="utf-8")
    code = script()
    policy = "; ".join([
        "default-src 'none'",
        f"script-src {digest(code)}",
        f"style-src {digest(style)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ])
    html = (HERE / "page.html").read_text(encoding="utf-8")
    for name, value in {"policy": policy, "style": style, "script": code}.items():
        html = html.replace(f"@{name}@", value, 1)
    pathlib.Path(html_path).write_text(html, encoding="utf-8")
    # A frame's parent can only be named in the header.
    pathlib.Path(cpp_path).write_text(
        f"""// Made by embed.py.
#include "server/page/page.hpp"

namespace redbolt::llm {{
namespace {{

constexpr std::string_view document =
{literal(html)};

constexpr std::string_view policy =
{literal(policy + "; frame-ancestors 'none'")};

}}  // namespace

std::string_view page_html() {{ return document; }}
std::string_view page_security_policy() {{ return policy; }}

}}  // namespace redbolt::llm
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
