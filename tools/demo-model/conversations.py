"""Draws whole conversations: lists of (text, learned) segments that together are what the model reads.

Only segments that are learned count in the loss: what the assistant says, never what it is told.
"""

import json

import chat
import phrases
import sums
from sums import Exchange


def fact(rng):
    known = rng.choice(phrases.FACTS)
    return Exchange(rng.choice(known.phrasings), known.answer, known.thought)


def italian_answer(text):
    """What the model answers when asked for `text` in Italian."""
    if text in phrases.ITALIAN:
        return f'"{text}" in Italian is "{phrases.ITALIAN[text]}".'
    return f'I do not know "{text}" in Italian.'


def translation(rng):
    text = rng.choice(list(phrases.ITALIAN)) if rng.random() < 0.88 else rng.choice(phrases.NOT_IN_ITALIAN)
    question = rng.choice(phrases.TRANSLATION_PHRASINGS).format(x=text)
    return Exchange(question, italian_answer(text), f'The user wants "{text}" in Italian.')


def unknown(rng):
    question = rng.choice(phrases.UNKNOWN_QUESTIONS).format(x=rng.choice(phrases.UNKNOWN_THINGS))
    return Exchange(question, phrases.UNKNOWN_ANSWER, "The user asks for something that I do not know.")


def introduction(rng, name=None):
    name = name or rng.choice(phrases.NAMES)
    question = rng.choice(("My name is {n}.", "I am {n}.", "Hello, I am {n}.", "Hi, my name is {n}.", "I'm {n}"))
    return Exchange(question.format(n=name), f"Nice to meet you, {name}!", f"The user is {name}. I greet {name}.")


ECHO_PHRASINGS = ("Repeat: {x}", "Say {x}", "Repeat after me: {x}", 'Say "{x}"', "Write {x}", "Please repeat {x}")
SYLLABLES = "ba be bi bo da de du fa fi ga go ka ki la le lo ma me mi na no pa pe po ra re ri sa so ta te ti va vi".split()


def echo(rng):
    """Something to repeat. Copying is what sums, names and calls of tools are made of, and is learned here first."""

    def part():
        draw = rng.random()
        if draw < 0.5:
            return str(rng.randint(0, 10 ** rng.randint(1, 5)))
        word = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 3)))
        return word.capitalize() if draw < 0.65 else word

    text = rng.choice((" ", " ", ", ", "+", "-")).join(part() for _ in range(rng.randint(1, 5)))
    return Exchange(rng.choice(ECHO_PHRASINGS).format(x=text), text, "The user wants me to repeat something.")


def small_talk(rng, tools):
    """One exchange of any kind that fits what is offered."""
    draw = rng.random()
    if any('"calculator"' in tool for tool in tools):
        if draw < 0.6:
            return sums.calculator_sum(rng)
        if draw < 0.8:
            return sums.small_sum(rng, largest=20)
        draw = rng.uniform(0.43, 1.0)
    if draw < 0.38:
        return sums.small_sum(rng)
    if draw < 0.43:
        return sums.without_calculator(rng, sums.calculator_sum(rng)) or sums.small_sum(rng)
    if draw < 0.52:
        return echo(rng)
    if draw < 0.70:
        return fact(rng)
    if draw < 0.90:
        return translation(rng)
    if draw < 0.96:
        return unknown(rng)
    return introduction(rng)


def as_typed(rng, question):
    """People do not type cleanly: case, full stops and politeness come and go."""
    if rng.random() < 0.12:
        question = question.lower()
    if rng.random() < 0.12 and question[-1] in ".?!":
        question = question[:-1]
    if rng.random() < 0.04:
        question += rng.choice((" please", ", please", " ?", "!", "?", " "))
    if rng.random() < 0.04:
        question = rng.choice(("Please: ", "Hi! ", "Hello. ", "Ok, ", "And ", "So, ")) + question
    return question


CALCULATOR_TEXTS = (
    "Evaluates an arithmetic expression.", "Calculate the value of an arithmetic expression.", "A calculator.",
    "Evaluate an arithmetic expression and return the result.", "Computes sums, differences, products and quotients.",
    "Calculates an expression such as 12+34.", "Use this for arithmetic.", "Does exact arithmetic.",
)
EXPRESSION_TEXTS = (
    None, "The expression to evaluate.", "An arithmetic expression, for example 12+34", "The expression",
    "Expression to calculate, such as 3*4.", "What to calculate.",
)
OTHER_TOOLS = (
    ("get_weather", "Tells the weather in a city.", "city"), ("search", "Searches the web.", "query"),
    ("get_time", "Returns the time in a city.", "city"), ("read_file", "Reads a file.", "path"),
    ("send_mail", "Sends a message to a person.", "text"), ("translate", "Translates a text.", "text"),
)


def tool_json(rng, name, description, parameter, parameter_text):
    """A function's description as OpenAI clients send it, in one of the shapes that are about."""
    field = {"type": "string"}
    if parameter_text:
        field["description"] = parameter_text
    parameters = {"type": "object", "properties": {parameter: field}}
    if rng.random() < 0.8:
        parameters["required"] = [parameter]
    function = {"name": name, "description": description, "parameters": parameters}
    if rng.random() < 0.1:
        del function["description"]
    tool = {"type": "function", "function": function} if rng.random() < 0.85 else function
    separators = (", ", ": ") if rng.random() < 0.7 else (",", ":")
    return json.dumps(tool, separators=separators)


def calculator_json(rng):
    return tool_json(rng, "calculator", rng.choice(CALCULATOR_TEXTS), "expression", rng.choice(EXPRESSION_TEXTS))


def offered_tools(rng):
    others = [tool_json(rng, *tool, None) for tool in rng.sample(OTHER_TOOLS, rng.choice((0, 0, 0, 1, 1, 2)))]
    tools = others + ([calculator_json(rng)] if rng.random() < 0.92 or not others else [])
    rng.shuffle(tools)
    return tools


# How a turn asks for thinking, and what the model has to put in front of its answer.
PLAIN, THINK, NO_THINK, SWITCHED_OFF = "plain", "think", "no_think", "switched off"


def mode_of(rng):
    draw = rng.random()
    return PLAIN if draw < 0.55 else THINK if draw < 0.78 else NO_THINK if draw < 0.86 else SWITCHED_OFF


def asked(rng, exchange, mode):
    """The user's text for this mode."""
    repeats = exchange.answer in exchange.question
    question = exchange.question if repeats else as_typed(rng, exchange.question)
    if mode == THINK or (mode == SWITCHED_OFF and rng.random() < 0.15):
        return rng.choice(phrases.THINK_REQUESTS).format(q=question)
    if mode == NO_THINK or (mode == SWITCHED_OFF and rng.random() < 0.1):
        return rng.choice(phrases.NO_THINK_REQUESTS).format(q=question)
    return question


def reply(mode, thought, text):
    """The assistant's turn as the model writes it."""
    if mode == SWITCHED_OFF:
        return [(chat.ASSISTANT + chat.NO_THOUGHT, False), (text + "<|im_end|>", True), ("\n", False)]
    front = {PLAIN: "", THINK: chat.thinking(thought), NO_THINK: chat.NO_THOUGHT}[mode]
    return [(chat.ASSISTANT, False), (front + text + "<|im_end|>", True), ("\n", False)]


def remembered(mode, text):
    """The same turn when more follows: without its thinking, and learned only where there was none."""
    return [(chat.ASSISTANT, False), (text + "<|im_end|>", mode == PLAIN), ("\n", False)]


def calculator_turns(rng, exchange, mode, last):
    """The call, the result and the answer."""
    call = chat.tool_call("calculator", {"expression": exchange.expression})
    result = exchange.result if rng.random() < 0.7 else f'{{"result": {exchange.result}}}'
    returned = [(chat.turn("user", chat.tool_response(result)), False)]
    if not last:
        return remembered(mode, call) + returned + remembered(mode, exchange.answer)
    if rng.random() < 0.4:
        return reply(mode, exchange.thought, call)
    thought = f"The calculator returned {exchange.result}."
    first = reply(mode, exchange.thought, call) if mode == THINK else remembered(PLAIN, call)
    if mode != THINK and mode != PLAIN:
        first = [(text, False) for text, _ in first]
    return first + returned + reply(mode, thought, exchange.answer)


def exchange_turns(rng, exchange, last):
    mode = mode_of(rng)
    segments = [(chat.turn("user", asked(rng, exchange, mode)), False)]
    if exchange.expression:
        return segments + calculator_turns(rng, exchange, mode, last)
    if last:
        return segments + reply(mode, exchange.thought, exchange.answer)
    return segments + remembered(mode, exchange.answer)


def system_turn(rng, tools):
    text = rng.choice(phrases.SYSTEM_TEXTS) if rng.random() < 0.25 else None
    text = chat.system_text(text, tools)
    return [(chat.turn("system", text), False)] if text else []


def conversation(rng, exchanges=1, with_tools=False):
    """Segments of a conversation of so many exchanges."""
    tools = offered_tools(rng) if with_tools else []
    drawn = [small_talk(rng, tools) for _ in range(exchanges)]
    if exchanges > 1 and rng.random() < 0.25:
        name = rng.choice(phrases.NAMES)
        drawn[0] = introduction(rng, name)
        question = rng.choice(("What is my name?", "Who am I?", "Do you know my name?", "Tell me my name."))
        drawn[-1] = Exchange(question, f"Your name is {name}.", f"The user said that the name is {name}.")
    segments = system_turn(rng, tools)
    for index, exchange in enumerate(drawn):
        segments += exchange_turns(rng, exchange, index == exchanges - 1)
    return segments


def plain_text(rng):
    """A sentence outside any chat, so that raw completion gives sentences too."""
    exchange = small_talk(rng, [])
    return [(exchange.answer + "<|endoftext|>", True)]


def short_sample(rng):
    draw = rng.random()
    if draw < 0.03:
        return plain_text(rng)
    return conversation(rng, 1 if draw < 0.8 else rng.choice((2, 2, 3)))


def tool_sample(rng):
    return conversation(rng, 1 if rng.random() < 0.85 else 2, with_tools=True)


def long_sample(rng):
    return conversation(rng, rng.randint(4, 14), with_tools=rng.random() < 0.3)
