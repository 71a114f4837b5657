"""What is trained and what is only measured stay apart."""

import random
import re
import unittest

import context  # noqa: F401  (sets the import path)

import conversations
import held_out
import phrases
import sums


class HeldOut(unittest.TestCase):
    def test_held_out_pairs_are_never_drawn(self):
        rng = random.Random(3)
        self.assertGreater(len(sums.SMALL_HELD_OUT), 30)
        for _ in range(4000):
            a, b = sums.trained_pair(rng, 20)
            self.assertNotIn((a, b), sums.SMALL_HELD_OUT)

    def test_held_out_sums_never_occur_in_a_conversation(self):
        rng = random.Random(4)
        answer = re.compile(r"(\d+) \+ (\d+) (?:is|fa) ")
        seen = 0
        for _ in range(6000):
            text = "".join(part for part, _ in conversations.short_sample(rng, conversations.MORE_SUMS))
            for a, b in answer.findall(text):
                seen += 1
                self.assertNotIn((int(a), int(b)), sums.SMALL_HELD_OUT, text)
        self.assertGreater(seen, 1000)

    def test_held_out_phrasings_are_not_trained(self):
        self.assertFalse(set(phrases.SUM_PHRASINGS) & set(phrases.SUM_PHRASINGS_HELD_OUT))
        self.assertFalse(set(phrases.ADD_PHRASINGS) & set(phrases.ADD_PHRASINGS_HELD_OUT))
        self.assertFalse(set(phrases.TRANSLATION_PHRASINGS) & set(phrases.TRANSLATION_PHRASINGS_HELD_OUT))
        self.assertFalse(set(phrases.NAMES) & set(phrases.NAMES_HELD_OUT))
        self.assertNotIn(held_out.UNSEEN_DESCRIPTION, conversations.CALCULATOR_TEXTS)
        trained = {question for fact in phrases.FACTS for question in fact.phrasings}
        for fact in phrases.FACTS:
            self.assertFalse(trained & set(fact.held_out), fact.answer)


class Answers(unittest.TestCase):
    def test_sums_are_right(self):
        rng = random.Random(5)
        for _ in range(2000):
            exchange = sums.small_sum(rng)
            found = re.search(r"(\d+) \+ (\d+) (?:is|fa) (\d+)\.", exchange.answer)
            if found:
                a, b, total = map(int, found.groups())
                self.assertEqual(a + b, total)
                self.assertTrue(exchange.thought.endswith(f"= {total}."))

    def test_calculator_is_called_only_where_it_is_offered(self):
        rng = random.Random(6)
        for _ in range(1000):
            text = "".join(part for part, _ in conversations.conversation(rng, conversations.BROAD, 2))
            self.assertNotIn("<tool_call>", text)


if __name__ == "__main__":
    unittest.main()
