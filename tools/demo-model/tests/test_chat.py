"""The Jinja template against the turns that training uses."""

import unittest

import context  # noqa: F401  (sets the import path)

import chat

try:
    import jinja2
except ImportError:
    jinja2 = None

TOOL = {"type": "function", "function": {"name": "calculator", "parameters": {}}}
TOOL_TEXT = '{"type": "function", "function": {"name": "calculator", "parameters": {}}}'


@unittest.skipUnless(jinja2, "python3-jinja2 is not installed")
class Template(unittest.TestCase):
    def render(self, messages, **options):
        environment = jinja2.Environment()
        # As clients do: neither sorted keys nor HTML escapes.
        environment.filters["tojson"] = lambda value: __import__("json").dumps(value, ensure_ascii=False)
        return environment.from_string(chat.TEMPLATE).render(messages=messages, **options)

    def test_one_question(self):
        text = self.render([{"role": "user", "content": "Hi"}], add_generation_prompt=True)
        self.assertEqual(text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")

    def test_thinking_switched_off(self):
        text = self.render([{"role": "user", "content": "Hi"}], add_generation_prompt=True, enable_thinking=False)
        self.assertTrue(text.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n"))

    def test_earlier_turns_lose_their_thinking(self):
        messages = [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "<think>\nA greeting.\n</think>\n\nHello!"},
            {"role": "user", "content": "Bye"},
        ]
        expected = chat.turn("user", "Hi") + chat.turn("assistant", "Hello!") + chat.turn("user", "Bye")
        self.assertEqual(self.render(messages), expected)

    def test_tools_calls_and_results(self):
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "123+456"},
            {"role": "assistant", "content": None, "reasoning_content": "Large.", "tool_calls": [
                {"function": {"name": "calculator", "arguments": {"expression": "123+456"}}}]},
            {"role": "tool", "content": "579"},
        ]
        call = chat.tool_call("calculator", {"expression": "123+456"})
        expected = "".join((
            chat.turn("system", chat.system_text("Be brief.", [TOOL_TEXT])), chat.turn("user", "123+456"),
            chat.turn("assistant", chat.thinking("Large.") + call), chat.turn("user", chat.tool_response("579")),
            chat.ASSISTANT,
        ))
        self.assertEqual(self.render(messages, tools=[TOOL], add_generation_prompt=True), expected)


if __name__ == "__main__":
    unittest.main()
