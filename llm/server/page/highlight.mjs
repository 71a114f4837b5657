// Colours for code, by what most languages share: comments, strings, numbers, words that mean
// something. Text in, [{kind, text}] out; the texts together are the code, whatever it is.

const words = (text) => new Set(text.split(" "));

const common = "break case catch class const continue default do else enum export extends false final finally for if import in new null return static super switch this throw true try void while yield async await";
const families = [
  {
    names: words("py python"),
    comment: /#[^\n]*/y,
    words: words("and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return True try while with yield self match case"),
  },
  {
    names: words("sh bash shell zsh fish console toml yaml yml ini dockerfile make makefile cmake ruby rb perl r"),
    comment: /#[^\n]*/y,
    words: words("if then else elif fi for in do done while until case esac function return exit export local set unset source echo cd true false def end class module require begin rescue"),
  },
  {
    names: words("sql"),
    comment: /--[^\n]*/y,
    words: words("select from where insert into values update set delete create table index drop alter join left right inner outer on group by order limit and or not null as distinct union having primary key SELECT FROM WHERE INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE INDEX DROP ALTER JOIN LEFT RIGHT INNER OUTER ON GROUP BY ORDER LIMIT AND OR NOT NULL AS DISTINCT UNION HAVING PRIMARY KEY"),
  },
  { names: words("json"), comment: null, words: words("true false null") },
  {
    names: words("c cc cpp c++ h hpp hip cuda cu java js jsx mjs javascript ts tsx typescript rust rs go kotlin swift cs csharp php scala dart zig css"),
    comment: /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/y,
    words: words(`${common} auto bool char double float int long short signed unsigned struct union namespace template typename using virtual override public private protected constexpr noexcept nullptr sizeof static_cast let var function of typeof instanceof interface type implements fn mut pub impl trait use mod match where loop move ref func defer package range chan map go select val fun when object def self None Some Ok Err`),
  },
];

const string = /"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`(?:[^`\\]|\\[^])*`?/y;
const number = /\b(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b/y;
const word = /[A-Za-z_$][\w$]*/y;

function takeAt(expression, text, at) {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? "";
}

export function highlight(code, language) {
  const family = families.find((each) => each.names.has(language.toLowerCase()));
  if (!family || code.length > 50000) return [{ kind: "", text: code }];
  const parts = [];
  let at = 0;
  let rest = 0;
  const cut = (kind, length) => {
    if (at > rest) parts.push({ kind: "", text: code.slice(rest, at) });
    if (length > 0) parts.push({ kind, text: code.slice(at, at + length) });
    at += length;
    rest = at;
  };
  while (at < code.length) {
    const comment = family.comment ? takeAt(family.comment, code, at) : "";
    if (comment) {
      cut("comment", comment.length);
      continue;
    }
    const quoted = takeAt(string, code, at);
    if (quoted) {
      cut("string", quoted.length);
      continue;
    }
    const name = takeAt(word, code, at);
    if (name) {
      if (family.words.has(name)) cut("keyword", name.length);
      else at += name.length;
      continue;
    }
    const digits = takeAt(number, code, at);
    if (digits) cut("number", digits.length);
    else at++;
  }
  cut("", 0);
  return parts;
}
