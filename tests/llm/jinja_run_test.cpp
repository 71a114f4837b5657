// What a template can do beyond its language's results: the marks of where text comes from, and
// the limits of a run.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "chat/jinja/template.hpp"
#include "redbolt/llm/error.hpp"

namespace redbolt::llm::jinja {
namespace {

Text run(const std::string& source, const Limits& limits = {}) {
  Runtime runtime(limits, std::chrono::sys_seconds(std::chrono::seconds(0)));
  Scope globals(nullptr);
  globals.set("v", runtime.text(Text("a<b>C", Origin::input)));
  Dict* const dict = runtime.dict();
  runtime.set(*dict, runtime.text(Text("key", Origin::input)),
              runtime.text(Text(" x\n", Origin::input)));
  globals.set("d", dict);
  return Template(source).render(runtime, globals);
}

// What came from outside, in brackets.
std::string marked(const Text& text) {
  std::string result;
  std::size_t start = 0;
  for (const Text::Run& part : text.runs()) {
    const std::string bytes = text.bytes().substr(start, part.end - start);
    result += part.origin == Origin::input ? "[" + bytes + "]" : bytes;
    start = part.end;
  }
  return result;
}

TEST(JinjaOrigin, EveryOperationKeepsIt) {
  const std::pair<const char*, const char*> kCases[] = {
      {"<{{ v }}>", "<[a<b>C]>"},
      {"{{ '(' + v + ')' }}", "([a<b>C])"},
      {"{{ v ~ 1 ~ v }}", "[a<b>C]1[a<b>C]"},
      {"{{ ('-' ~ v ~ '-')[::-1] }}", "-[C>b<a]-"},
      {"{{ ('--' ~ v ~ '--')[1:4] }}", "-[a<]"},
      {"{{ ('-' ~ v ~ '-')[0] }}{{ ('-' ~ v)[1] }}", "-[a]"},
      {"{{ v * 2 }}", "[a<b>Ca<b>C]"},
      {"{{ v|upper }}{{ ('x' ~ v)|upper }}{{ v.title() }}{{ v|capitalize }}",
       "[A<B>C]X[A<B>CA<B>CA<b>c]"},
      {"{{ ('  ' ~ v ~ ' ')|trim }}", "[a<b>C]"},
      {"{{ ('xa' ~ v ~ 'x').strip('xa') }}", "[<b>C]"},
      {"{{ v.split('<')|join('|') }}", "[a]|[b>C]"},
      {"{{ v|replace('<b>', '<i>') }}", "[a]<i>[C]"},
      {"{{ 'a<b>'|replace('<b>', v) }}", "a[a<b>C]"},
      {"{{ v.replace('', '.') }}", ".[a].[<].[b].[>].[C]."},
      {"{{ '<%s>' % v }}{{ '<%5.2s>' % v }}", "<[a<b>C]><   [a<]>"},
      {"{{ '<{}>{x:>7}'.format(v, x=v) }}", "<[a<b>C]>  [a<b>C]"},
      {"{{ '<%s>'|format(v) }}", "<[a<b>C]>"},
      {"{{ [v, 1]|join('/') }}{{ '/'.join([v, 'q']) }}", "[a<b>C]/1[a<b>C]/q"},
      {"{{ [v]|tojson }}{{ d|tojson(indent=1) }}", "[\"[a<b>C]\"]{\n \"[key]\": \"[ x\\n]\"\n}"},
      {"{{ [v] }}{{ d }}", "['[a<b>C]']{'[key]': '[ x\\n]'}"},
      {"{% for k, x in d.items() %}{{ k }}={{ x }}{% endfor %}", "[key]=[ x\n]"},
      {"{% for c in v %}({{ c }}){% endfor %}", "([a])([<])([b])([>])([C])"},
      {"{{ v|list|join }}{{ v|first }}{{ v|last }}{{ v|reverse }}", "[a<b>CaCC>b<a]"},
      {"{% set x %}<{{ v }}>{% endset %}{{ x }}{{ x|length }}", "<[a<b>C]>7"},
      {"{% macro m(x) %}({{ x }}){% endmacro %}{{ m(v) }}", "([a<b>C])"},
      {"{% set n = namespace(x='') %}{% set n.x = n.x + v + '.' %}{{ n.x }}", "[a<b>C]."},
      {"{{ (v ~ '\\n' ~ v)|indent(1, true) }}", " [a<b>C]\n [a<b>C]"},
      {"{{ v|e }}{{ v.center(9, '*') }}{{ v|string }}{{ v|default('') }}",
       "[a&lt;b&gt;C]**[a<b>C]**[a<b>Ca<b>C]"},
      {"{{ v.partition('<b>')|join(' ') }}{{ (v ~ '\\n').splitlines()[0] }}", "[a] [<b>] [Ca<b>C]"},
      {"{{ v if v == 'a<b>C' else 'no' }}", "[a<b>C]"},
      {"{{ {v: 1}['a<b>C'] }}{{ 'b' in v }}", "1True"},
      {"{% filter upper %}x{{ v }}{% endfilter %}", "X[A<B>C]"},
      {"{{ v.removeprefix('a') }}{{ v|truncate(4, true, '!', 0) }}{{ v.zfill(7) }}",
       "[<b>Ca<b]!00[a<b>C]"},
  };
  for (const auto& [source, expected] : kCases) {
    SCOPED_TRACE(source);
    EXPECT_EQ(marked(run(source)), expected);
  }
}

std::string failure(const std::string& source, const Limits& limits = {}) {
  try {
    run(source, limits);
  } catch (const LlmError& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_template);
    return error.what();
  }
  return "none";
}

TEST(JinjaLimits, NothingRunsForEver) {
  Limits limits;
  limits.steps = 100'000;
  limits.bytes = 4U << 20U;
  limits.output = 1U << 20U;
  const std::string loop = "{% for i in range(100000) %}";
  const std::string end = "{% endfor %}";
  for (const std::string& source : {
           loop + loop + end + end,
           loop + "{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}" + end,
           "{% set n = namespace(s='x') %}" + loop + "{% set n.s = n.s + n.s %}" + end,
           "{% set n = namespace(l=[1]) %}" + loop + "{% set n.l = n.l + n.l %}" + end,
           "{% set l = [] %}" + loop + "{% set x = l.append([i, i, i, i]) %}" + end + loop + end,
           std::string("{{ 'x' * 1000000000 }}"),
           std::string("{{ [1] * 1000000000 }}"),
           std::string("{{ '%1000000000d' % 1 }}{{ 'x'.center(1000000000) }}"),
           std::string("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}"),
           std::string("{% macro m(n) %}{{ m(n) ~ m(n) }}{% endmacro %}{{ m(1) }}"),
       }) {
    SCOPED_TRACE(source);
    EXPECT_TRUE(failure(source, limits).starts_with("chat template, line 1")) << source;
  }
}

TEST(JinjaLimits, DepthIsBounded) {
  const auto repeat = [](const std::string& part, int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += part;
    return text;
  };
  for (const std::string& source : {
           "{{ " + repeat("(", 100000) + "1" + repeat(")", 100000) + " }}",
           "{{ 1" + repeat(" + 1", 100000) + " }}",
           "{{ " + repeat("not ", 100000) + "1 }}",
           "{{ " + repeat("-", 100000) + "1 }}",
           "{{ v" + repeat(".x", 100000) + " }}",
           "{{ v" + repeat("|upper", 100000) + " }}",
           "{{ " + repeat("[", 100000) + " }}",
           repeat("{% if 1 %}", 100000),
           repeat("{% if 1 %}", 1000) + repeat("{% endif %}", 1000),
       }) {
    EXPECT_NE(failure(source), "none") << source.substr(0, 40);
  }
  // Deep and circular values are only a matter for those who walk them.
  const std::string deep =
      "{% set n = namespace(x=[]) %}{% for i in range(50000) %}{% set n.x = [n.x] %}{% endfor %}";
  EXPECT_EQ(failure(deep), "none");
  EXPECT_NE(failure(deep + "{{ n.x }}"), "none");
  EXPECT_NE(failure(deep + "{{ n.x|tojson }}"), "none");
  EXPECT_NE(failure(deep + "{{ n.x == [n.x] }}"), "none");
  const std::string circle = "{% set l = [] %}{% set x = l.append(l) %}";
  EXPECT_EQ(failure(circle), "none");
  EXPECT_NE(failure(circle + "{{ l }}"), "none");
  // A graph that doubles with each level is never walked as the tree that it stands for.
  const std::string wide =
      "{% set n = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}"
      "{% set n.b = [n.b, n.b] %}{% endfor %}";
  Limits limits;
  limits.steps = 1'000'000;
  EXPECT_NE(failure(wide + "{{ n.a == n.b }}", limits), "none");
}

TEST(JinjaLimits, NoWayOutOfTheSandbox) {
  for (const char* source : {"{{ ''.__class__ }}", "{{ v['__class__'] }}", "{{ d.__init__ }}",
                             "{{ '{0.__class__}'.format(v) }}", "{{ '{0[_x]}'.format(d) }}",
                             "{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}",
                             "{{ v|attr('__class__') }}", "{{ range.__globals__ }}"}) {
    EXPECT_NE(failure(source), "none") << source;
  }
}

TEST(JinjaLimits, IntegersStayIn64Bits) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}",
        "{{ 9223372036854775807 * 2 }}", "{{ 2 ** 63 }}", "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1)|abs }}",
        "{{ 9223372036854775808 }}"}) {
    EXPECT_NE(failure(source), "none") << source;
  }
  EXPECT_EQ(run("{{ (-9223372036854775807 - 1) % -1 }}").bytes(), "0");
}

TEST(JinjaLimits, TheClockIsTheCallers) {
  EXPECT_TRUE(run("{{ strftime_now('%Y') }}").bytes().starts_with("19"));
}

}  // namespace
}  // namespace redbolt::llm::jinja
