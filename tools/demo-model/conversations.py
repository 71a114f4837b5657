"""Draws whole conversations: lists of (text, learned) segments that together are what the model reads.

Only segments that are learned count in the loss: what the assistant says, never what it is told.
"""

import json
from typing import NamedTuple

import chat
import phrases
import sums
from sums import Exchange


class Mixture(NamedTuple):
    """What is drawn how often. The kinds of exchange are upper bounds of one draw, so that they add up to one."""

    sums: float
    refusals: float
    echoes: float
    facts: float
    translations: float
    unknown: float  # the rest up to 1: introductions
    calculations: float  # with a calculator at hand: calls, and up to the next bound small sums
    easy_sums: float
    plain_texts: float
    invented_names: float
    single_digits: float  # the share of sums below 10 + 10


# A training first sees everything, and learns to copy. Sums take longest: they get more room once it can.
BROAD = Mixture(0.38, 0.43, 0.52, 0.70, 0.90, 0.96, 0.6, 0.8, 0.03, 0.0, 0.0)
MORE_SUMS = Mixture(0.50, 0.53, 0.58, 0.75, 0.92, 0.96, 0.5, 0.8, 0.005, 0.6, 0.2)


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


def some_name(rng, invented):
    """A name; `invented` is the share of those made of syllables, which cannot be learned by heart."""
    if invented and rng.random() < invented:
        return invented_word(rng).capitalize()
    return rng.choice(phrases.NAMES)


def introduction(rng, name):
    question = rng.choice(("My name is {n}.", "I am {n}.", "Hello, I am {n}.", "Hi, my name is {n}.", "I'm {n}"))
    return Exchange(question.format(n=name), f"Nice to meet you, {name}!", f"The user is {name}. I greet {name}.")


ECHO_PHRASINGS = ("Repeat: {x}", "Say {x}", "Repeat after me: {x}", 'Say "{x}"', "Write {x}", "Please repeat {x}")
SYLLABLES = "ba be bi bo da de du fa fi ga go ka ki la le lo ma me mi na no pa pe po ra re ri sa so ta te ti va vi".split()


def invented_word(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(1, 3)))


def echo(rng):
    """Something to repeat. Copying is what sums, names and calls of tools are made of, and is learned here first."""

    def part():
        draw = rng.random()
        if draw < 0.5:
            return str(rng.randint(0, 10 ** rng.randint(1, 5)))
        word = invented_word(rng)
        return word.capitalize() if draw < 0.65 else word

    text = rng.choice((" ", " ", ", ", "+", "-")).join(part() for _ in range(rng.randint(1, 5)))
    return Exchange(rng.choice(ECHO_PHRASINGS).format(x=text), text, "The user wants me to repeat something.")


def small_talk(rng, tools, mixture):
    """One exchange of any kind that fits what is offered."""
    draw = rng.random()
    if any('"calculator"' in tool for tool in tools):
        if draw < mixture.calculations:
            return sums.calculator_sum(rng)
        if draw < mixture.easy_sums:
            return sums.small_sum(rng, largest=20, single_digits=mixture.single_digits)
        draw = rng.uniform(mixture.refusals, 1.0)
    if draw < mixture.refusals:
        refused = sums.without_calculator(rng, sums.calculator_sum(rng)) if draw >= mixture.sums else None
        return refused or sums.small_sum(rng, single_digits=mixture.single_digits)
    if draw < mixture.echoes:
        return echo(rng)
    if draw < mixture.facts:
        return fact(rng)
    if draw < mixture.translations:
        return translation(rng)
    if draw < mixture.unknown:
        return unknown(rng)
    return introduction(rng, some_name(rng, mixture.invented_names))


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


def conversation(rng, mixture, exchanges=1, with_tools=False):
    """Segments of a conversation of so many exchanges."""
    tools = offered_tools(rng) if with_tools else []
    drawn = [small_talk(rng, tools, mixture) for _ in range(exchanges)]
    if exchanges > 1 and rng.random() < 0.25:
        name = some_name(rng, mixture.invented_names)
        drawn[0] = introduction(rng, name)
        question = rng.choice(("What is my name?", "Who am I?", "Do you know my name?", "Tell me my name."))
        drawn[-1] = Exchange(question, f"Your name is {name}.", f"The user said that the name is {name}.")
    segments = system_turn(rng, tools)
    for index, exchange in enumerate(drawn):
        segments += exchange_turns(rng, exchange, index == exchanges - 1)
    return segments


def plain_text(rng, mixture):
    """A sentence outside any chat, so that raw completion gives sentences too."""
    exchange = small_talk(rng, [], mixture)
    return [(exchange.answer + "<|endoftext|>", True)]


def short_sample(rng, mixture):
    draw = rng.random()
    if draw < mixture.plain_texts:
        return plain_text(rng, mixture)
    return conversation(rng, mixture, 1 if draw < 0.8 else rng.choice((2, 2, 3)))


def tool_sample(rng, mixture):
    return conversation(rng, mixture, 1 if rng.random() < 0.85 else 2, with_tools=True)


def long_sample(rng, mixture):
    return conversation(rng, mixture, rng.randint(4, 14), with_tools=rng.random() < 0.3)
