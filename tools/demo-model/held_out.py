"""The prompts the model is measured on. Only those of every_small_sum occur in training."""

import random
from typing import NamedTuple

import chat
import conversations
import phrases
import sums


class Case(NamedTuple):
    """A prompt and the text that has to follow, to the character. With `thinks` only what follows the
    thinking counts, but there has to be some."""

    prompt: str
    expected: str
    thinks: bool = False


def is_right(case, produced):
    if not case.thinks:
        return produced == case.expected
    thought, separator, answer = produced.partition("\n</think>\n\n")
    return bool(separator) and len(thought) > len("<think>\n") and answer == case.expected


def one_turn(question, expected, system=None, thinks=False, switched_off=False):
    text = (chat.turn("system", system) if system else "") + chat.turn("user", question) + chat.ASSISTANT
    return Case(text + (chat.NO_THOUGHT if switched_off else ""), expected, thinks)


def unseen_pairs(rng):
    """Sums whose numbers never stood together in training, asked in trained ways."""
    for a, b in sums.SMALL_HELD_OUT:
        for _ in range(4):
            yield one_turn(*sums.sum_question(rng, a, b))


def unseen_sum_phrasings(rng):
    """Sums of numbers up to 20 asked in ways that never occurred."""
    for _ in range(200):
        yield one_turn(*sums.sum_question(rng, *sums.trained_pair(rng, 20), held_out=True))


def every_small_sum(rng):
    """All 441 sums up to 20 + 20 in the plainest words. Nine in ten of them were trained."""
    for a in range(21):
        for b in range(21):
            yield one_turn(f"What is {a}+{b}?", f"{a} + {b} is {a + b}.")


def thought_sums(rng):
    """Unseen pairs, asked to think."""
    for a, b in sums.SMALL_HELD_OUT:
        for request in rng.sample(sorted(set(phrases.THINK_REQUESTS + phrases.THINK_REQUESTS_HELD_OUT)), 4):
            question, answer = sums.sum_question(rng, a, b)
            yield one_turn(request.format(q=question), answer, thinks=True)


def thinking_switched(rng):
    """Unseen phrasings of facts with /think, with /no_think, and with thinking switched off by the prompt."""
    for fact in phrases.FACTS:
        for question in fact.held_out[:1]:
            yield one_turn(question + " /think", fact.answer, thinks=True)
            yield one_turn(question + " /no_think", chat.NO_THOUGHT + fact.answer)
            yield one_turn(question, fact.answer, switched_off=True)


def facts(rng):
    """Everyday questions in unseen words."""
    for fact in phrases.FACTS:
        for question in fact.held_out:
            yield one_turn(question, fact.answer)
            yield one_turn(question.lower().rstrip("?.!"), fact.answer)


def translations(rng):
    """Every word to Italian, in unseen words."""
    for text in phrases.ITALIAN:
        question = rng.choice(phrases.TRANSLATION_PHRASINGS_HELD_OUT).format(x=text)
        yield one_turn(question, conversations.italian_answer(text))


def unknown_questions(rng):
    """Questions about things that never occurred: the model should say that it does not know."""
    for thing in phrases.UNKNOWN_THINGS_HELD_OUT:
        for question in rng.sample(phrases.UNKNOWN_QUESTIONS, 3):
            yield one_turn(question.format(x=thing), phrases.UNKNOWN_ANSWER)


def unseen_names(rng):
    """A name that never occurred, asked for in the next turn."""
    for name in phrases.NAMES_HELD_OUT:
        front = chat.turn("user", f"My name is {name}.") + chat.turn("assistant", f"Nice to meet you, {name}!")
        yield Case(front + chat.turn("user", "What is my name?") + chat.ASSISTANT, f"Your name is {name}.")


UNSEEN_DESCRIPTION = "Works out the value of a mathematical expression."


def calculator_system(rng, seen=False):
    description = rng.choice(conversations.CALCULATOR_TEXTS) if seen else UNSEEN_DESCRIPTION
    return chat.system_text(None, [conversations.tool_json(rng, "calculator", description, "expression", None)])


def calculator_calls(rng):
    """Calculations with a number over 20, in unseen words, with a calculator described in unseen words."""
    for _ in range(200):
        exchange = sums.calculator_sum(rng, held_out=True)
        expected = chat.tool_call("calculator", {"expression": exchange.expression})
        yield one_turn(exchange.question, expected, calculator_system(rng))


def calculator_answers(rng):
    """What the model says when the calculator has answered."""
    for _ in range(100):
        exchange = sums.calculator_sum(rng, held_out=True)
        call = chat.tool_call("calculator", {"expression": exchange.expression})
        front = [chat.turn("system", calculator_system(rng)), chat.turn("user", exchange.question),
                 chat.turn("assistant", call), chat.turn("user", chat.tool_response(exchange.result))]
        yield Case("".join(front) + chat.ASSISTANT, exchange.answer)


def calculator_not_needed(rng):
    """Small sums and everyday questions in unseen words with a calculator at hand: answered directly."""
    for _ in range(50):
        yield one_turn(*sums.sum_question(rng, *sums.trained_pair(rng, 20), held_out=True), calculator_system(rng))
    for fact in rng.sample(phrases.FACTS, 20):
        yield one_turn(fact.held_out[0], fact.answer, calculator_system(rng))


GROUPS = (
    unseen_pairs, unseen_sum_phrasings, every_small_sum, thought_sums, thinking_switched, facts, translations,
    unknown_questions, unseen_names, calculator_calls, calculator_answers, calculator_not_needed,
)


def cases():
    """{group: [Case]}, the same at every call."""
    return {group.__name__: list(group(random.Random(group.__name__))) for group in GROUPS}
