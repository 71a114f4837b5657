#!/usr/bin/env python3
"""Renders templates with Jinja2, set up as Hugging Face's transformers does, and writes what came
out next to this file: expressions.json from expressions.txt, renderings.json from the templates
and conversations.json. Tests compare Redbolt's interpreter with these files.

Needs Debian's python3-jinja2. Run it after changing templates, expressions or conversations.
"""

import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 2, 3, 12, 0, 0)


class Generation(jinja2.ext.Extension):
    """{% generation %}: marks the assistant's part; writes its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


class Refused(Exception):
    pass


def raise_exception(message=""):
    raise Refused(str(message))


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: NOW.strftime(form)
    return env


def outcome(env, source, variables):
    try:
        return {"output": env.from_string(source).render(**variables)}
    except Refused as refusal:
        return {"refused": str(refusal)}
    except Exception as error:  # whatever Python raises: the template fails
        return {"error": f"{type(error).__name__}: {error}"}


def read_expressions():
    for line in (HERE / "expressions.txt").read_text(encoding="utf-8").split("\n"):
        if line.strip() and not line.startswith("#"):
            # Line feeds are written as \n outside of tags only.
            yield line


def unescape(line):
    """\\n outside of expressions is a line feed; within them Jinja reads it."""
    result, depth, at = "", 0, 0
    while at < len(line):
        two = line[at:at + 2]
        if two in ("{{", "{%"):
            depth = 1
        if two in ("}}", "%}"):
            depth = 0
        if two == "\\n" and not depth:
            result += "\n"
            at += 2
            continue
        result += line[at]
        at += 1
    return result


def write(name, rows):
    text = "[\n" + ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows) + "\n]\n"
    (HERE / name).write_text(text, encoding="utf-8")


def expressions():
    variables = json.loads((HERE / "variables.json").read_text(encoding="utf-8"))
    rows = []
    for line in read_expressions():
        source = unescape(line)
        rows.append({"template": source, **outcome(environment(), source, variables)})
    write("expressions.json", rows)


def message(spoken, row):
    """A message as transformers' users write it."""
    result = {"role": spoken["role"], "content": spoken["content"]}
    for key in ("name", "tool_call_id"):
        if key in spoken:
            result[key] = spoken[key]
    if "tool_calls" in spoken:
        result["tool_calls"] = [
            {"id": call["id"], "type": "function", "function": {
                "name": call["name"],
                "arguments": call["arguments"] if row.get("arguments") == "text"
                else json.loads(call["arguments"])}}
            for call in spoken["tool_calls"]]
        if row.get("empty") == "none" and not spoken["content"]:
            result["content"] = None
    if "reasoning_content" in spoken:
        result["reasoning_content"] = spoken["reasoning_content"]
        if row.get("thinking_field"):
            result["thinking"] = spoken["reasoning_content"]
    return result


def variables(conversation, row):
    result = {
        "messages": [message(spoken, row) for spoken in conversation["messages"]],
        "tools": conversation.get("tools"), "documents": None,
        "add_generation_prompt": conversation.get("add_generation_prompt", True),
        "bos_token": row.get("bos", ""), "eos_token": row.get("eos", ""), "unk_token": "",
    }
    if "thinking" in conversation:
        result["enable_thinking"] = result["thinking"] = conversation["thinking"] == "on"
    if "reasoning_effort" in conversation:
        result["reasoning_effort"] = conversation["reasoning_effort"]
    result.update(conversation.get("kwargs", {}))
    return result


def fits(conversation, row):
    """Whether the template has a place for all that the conversation is made of."""
    needs = set()
    for spoken in conversation["messages"]:
        if spoken["role"] == "system":
            needs.add("system")
        if spoken["role"] == "tool":
            needs |= {"tools", "calls"}
        if len(spoken.get("tool_calls", [])) > 1:
            needs.add("parallel")
    if "tools" in conversation:
        needs.add("tools")
    if conversation.get("thinking") == "off":
        needs.add("thinking_off")
    return all(row.get(need, True) for need in needs)


def renderings():
    conversations = json.loads((HERE / "conversations.json").read_text(encoding="utf-8"))
    rows = []
    for row in json.loads((HERE / "templates.json").read_text(encoding="utf-8")):
        source = (HERE / row["file"]).read_text(encoding="utf-8")
        for conversation in conversations:
            if fits(conversation, row):
                rows.append({"template": row["file"], "conversation": conversation["name"],
                             **outcome(environment(), source, variables(conversation, row))})
    write("renderings.json", rows)


if __name__ == "__main__":
    expressions()
    renderings()
