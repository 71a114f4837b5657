"""Questions about sums, with and without a calculator. Every pair that is held out is never trained."""

import zlib
from typing import NamedTuple, Optional

import phrases

TOO_LARGE = "That is too large for me. Give me a calculator and I will use it."
ONLY_SUMS = "I can only add numbers."
SYMBOLS = {"+": ("+", "plus"), "-": ("-", "minus"), "*": ("*", "times"), "/": ("/", "divided by")}


class Exchange(NamedTuple):
    """One question and what the model should do with it.

    With `expression` the model calls the calculator, which returns `result`, and then gives the answer.
    """

    question: str
    answer: str
    thought: str
    expression: Optional[str] = None
    result: Optional[str] = None


def is_held_out(a, b):
    """True for one unordered pair in ten (chosen by a checksum). 2 + 2 is what everybody asks: trained."""
    low, high = sorted((a, b))
    return (low, high) != (2, 2) and zlib.crc32(f"{low}+{high}".encode()) % 10 == 0


SMALL_HELD_OUT = [(a, b) for a in range(21) for b in range(21) if is_held_out(a, b)]


def trained_pair(rng, largest):
    while True:
        a, b = rng.randint(0, largest), rng.randint(0, largest)
        if not is_held_out(a, b):
            return a, b


def sum_thought(a, b):
    """How the model thinks: ones and tens apart."""
    if a < 10 and b < 10:
        return f"I add {a} and {b}. {a} + {b} = {a + b}."
    ones, tens = a % 10 + b % 10, a // 10 * 10 + b // 10 * 10
    return (
        f"I add the ones: {a % 10} + {b % 10} = {ones}. I add the tens: {a // 10 * 10} + {b // 10 * 10} = {tens}. "
        f"{tens} + {ones} = {a + b}."
    )


def written(rng, number, words):
    return phrases.NUMBER_WORDS[number] if words and number <= 20 else str(number)


def expression_text(rng, a, b, operator="+"):
    """The two numbers with an operator between them, in one of the ways people type it."""
    words = operator == "+" and rng.random() < 0.12
    symbol = SYMBOLS[operator][1] if words or rng.random() < 0.25 else SYMBOLS[operator][0]
    gap = " " if symbol.isalpha() or " " in symbol or rng.random() < 0.5 else ""
    return f"{written(rng, a, words)}{gap}{symbol}{gap}{written(rng, b, words)}"


def sum_question(rng, a, b, held_out=False):
    """A question for a + b and the sentence that answers it."""
    draw = rng.random()
    if not held_out and draw < 0.05:
        return rng.choice(phrases.APPLE_PHRASINGS).format(a=a, b=b), f"You have {a + b} apples."
    if not held_out and draw < 0.09:
        text = expression_text(rng, a, b).replace("plus", "più")
        return rng.choice(phrases.ITALIAN_SUM_PHRASINGS).format(e=text), f"{a} + {b} fa {a + b}."
    answer = f"{a} + {b} is {a + b}."
    if draw < 0.30:
        words = rng.random() < 0.12
        known = phrases.ADD_PHRASINGS_HELD_OUT if held_out else phrases.ADD_PHRASINGS
        return rng.choice(known).format(a=written(rng, a, words), b=written(rng, b, words)), answer
    known = phrases.SUM_PHRASINGS_HELD_OUT if held_out else phrases.SUM_PHRASINGS
    return rng.choice(known).format(e=expression_text(rng, a, b)), answer


def small_sum(rng, largest=99, single_digits=0.0):
    """A sum the model knows itself. Numbers up to 20 most of the time, so that these are learned best."""
    if single_digits and rng.random() < single_digits:
        largest = 9
    elif rng.random() < 0.7:
        largest = 20
    a, b = trained_pair(rng, largest)
    question, answer = sum_question(rng, a, b)
    return Exchange(question, answer, sum_thought(a, b))


def large_number(rng):
    digits = rng.choice((2, 2, 3, 3, 3, 4, 4, 5))
    return rng.randint(max(21, 10 ** (digits - 1)), 10**digits - 1)


def as_result(value):
    """What a calculator shows: whole numbers without a point, others with at most four decimals."""
    return str(value) if isinstance(value, int) else f"{value:.4f}".rstrip("0").rstrip(".")


def large_expression(rng):
    """(a, operator, b, value); at least one number is over 20, half of the time both."""
    a, b = large_number(rng), large_number(rng)
    if rng.random() < 0.25:
        b = rng.randint(1, 20)
        if rng.random() < 0.5:
            a, b = b, a
    operator = rng.choice("++++++-*/")
    value = {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[operator]
    return a, operator, b, as_result(value)


def calculator_sum(rng, held_out=False):
    """A calculation for the calculator."""
    a, operator, b, result = large_expression(rng)
    if operator == "+":
        question, _ = sum_question(rng, a, b, held_out)
        if "apples" in question:
            answer = f"You have {result} apples."
        elif question.startswith(("Quanto", "Calcola ")):
            answer = f"{a} + {b} fa {result}."
        else:
            answer = f"{a} + {b} is {result}."
    else:
        known = phrases.SUM_PHRASINGS_HELD_OUT if held_out else phrases.SUM_PHRASINGS
        question = rng.choice(known).format(e=expression_text(rng, a, b, operator))
        answer = f"{a} {operator} {b} is {result}."
    expression = f"{a}{operator}{b}"
    thought = f"The numbers are large. I call the calculator with {expression}."
    return Exchange(question, answer, thought, expression, result)


def without_calculator(rng, exchange):
    """What the model says to a calculation when no calculator is offered."""
    if "+" not in exchange.expression:
        return exchange._replace(answer=ONLY_SUMS, thought="This is not a sum. I can only add.", expression=None)
    numbers = [int(number) for number in exchange.expression.split("+")]
    if max(numbers) <= 99:
        if is_held_out(*numbers):
            return None
        answer = exchange.answer.replace(exchange.result, str(sum(numbers)))
        return exchange._replace(thought=sum_thought(*numbers), answer=answer, expression=None)
    return exchange._replace(answer=TOO_LARGE, thought="The numbers are too large for me.", expression=None)
