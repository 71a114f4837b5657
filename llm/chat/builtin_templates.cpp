#include "chat/builtin_templates.hpp"

namespace redbolt::llm {

// Plain ChatML, with tools in Hermes' way.
const BuiltinTemplate kChatMlTemplate = {"chatml", "<|im_start|>", R"jinja(
{%- set system = '' %}
{%- if messages and messages[0].role == 'system' %}
  {%- set system = messages[0].content %}
{%- endif %}
{%- if tools or (messages and messages[0].role == 'system') %}
  {{- '<|im_start|>system\n' + system }}
  {%- if tools %}
    {%- if messages and messages[0].role == 'system' %}{{- '\n\n' }}{%- endif %}
    {{- '# Tools\n\nYou may call one or more functions to assist with the user query.\n\n' }}
    {{- 'You are provided with function signatures within <tools></tools> XML tags:\n<tools>' }}
    {%- for tool in tools %}{{- '\n' + (tool | tojson) }}{%- endfor %}
    {{- '\n</tools>\n\nFor each function call, return a json object with function name and ' }}
    {{- 'arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n' }}
    {{- '{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>' }}
  {%- endif %}
  {{- '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
  {%- if message.role == 'tool' %}
    {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
      {{- '<|im_start|>user' }}
    {%- endif %}
    {{- '\n<tool_response>\n' + message.content + '\n</tool_response>' }}
    {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\n' }}{%- endif %}
  {%- elif message.role == 'assistant' %}
    {{- '<|im_start|>assistant\n' + message.content }}
    {%- for call in message.tool_calls or [] %}
      {%- if message.content or not loop.first %}{{- '\n' }}{%- endif %}
      {{- '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
      {%- if call.function.arguments is string %}
        {{- call.function.arguments }}
      {%- else %}
        {{- call.function.arguments | tojson }}
      {%- endif %}
      {{- '}\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
  {%- elif message.role == 'user' or not loop.first %}
    {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
)jinja"};

// Llama 3's first form, without the dated system block of 3.1.
const BuiltinTemplate kLlama3Template = {"llama3", "<|start_header_id|>", R"jinja(
{{- '<|begin_of_text|>' }}
{%- for message in messages %}
  {%- set role = 'ipython' if message.role == 'tool' else message.role %}
  {{- '<|start_header_id|>' + role + '<|end_header_id|>\n\n' }}
  {{- message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)jinja"};

}  // namespace redbolt::llm
