// The tool that the page offers: arithmetic, without eval.
//   sum = product {(+ | -) product} · product = sign {(* | / | %) sign}
//   sign = {-} power · power = operand [(^ | **) sign] · operand = number | "(" sum ")"

export const calculatorTool = {
  type: "function",
  function: {
    name: "calculator",
    description: "Evaluates an arithmetic expression.",
    parameters: {
      type: "object",
      properties: { expression: { type: "string" } },
      required: ["expression"],
    },
  },
};

const spelling = { "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "**": "^" };
const token = /\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|\*\*|[-+*/%^()×·÷−–])/y;

function tokens(expression) {
  const found = [];
  token.lastIndex = 0;
  const text = expression.trimEnd();
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw new Error(`cannot read "${text.slice(at, at + 20).trim()}"`);
    found.push(spelling[match[1]] ?? match[1]);
  }
  return found;
}

class Parser {
  #tokens;
  #at = 0;
  #depth = 0;

  constructor(expression) { this.#tokens = tokens(expression); }

  value() {
    const value = this.#sum();
    if (this.#at < this.#tokens.length) throw new Error(`unexpected "${this.#tokens[this.#at]}"`);
    return value;
  }

  #accept(...choices) {
    return choices.includes(this.#tokens[this.#at]) ? this.#tokens[this.#at++] : null;
  }

  #sum() {
    let value = this.#product();
    for (let sign; (sign = this.#accept("+", "-"));) {
      const next = this.#product();
      value = sign === "+" ? value + next : value - next;
    }
    return value;
  }

  #product() {
    let value = this.#sign();
    for (let sign; (sign = this.#accept("*", "/", "%"));) {
      const next = this.#sign();
      if (sign !== "*" && next === 0) throw new Error("division by zero");
      value = sign === "*" ? value * next : sign === "/" ? value / next : value % next;
    }
    return value;
  }

  #sign() {
    let negative = false;
    for (let sign; (sign = this.#accept("+", "-"));) negative = negative !== (sign === "-");
    const value = this.#power();
    return negative ? -value : value;
  }

  #power() {
    const base = this.#operand();
    if (!this.#accept("^")) return base;
    return base ** this.#nested(() => this.#sign());
  }

  #operand() {
    if (this.#accept("(")) {
      const value = this.#nested(() => this.#sum());
      if (!this.#accept(")")) throw new Error('")" is missing');
      return value;
    }
    const text = this.#tokens[this.#at++];
    if (text === undefined) throw new Error("the expression ends too early");
    if (!/^[\d.]/.test(text)) throw new Error(`unexpected "${text}"`);
    return Number(text);
  }

  #nested(parse) {
    if (++this.#depth > 100) throw new Error("too many brackets");
    const value = parse();
    this.#depth--;
    return value;
  }
}

// The result as text: what a tool answers. Throws Error with a sentence.
export function calculate(expression) {
  const value = new Parser(expression).value();
  if (!Number.isFinite(value)) throw new Error("the result is too large");
  // Twelve digits hide what binary fractions add: 0.1 + 0.2 is 0.3.
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(12)));
}

// Answers a call as the model made it; what is wrong is told to the model.
export function answerCall(call) {
  if (call.name !== calculatorTool.function.name) return `error: there is no tool "${call.name}"`;
  try {
    const { expression } = JSON.parse(call.arguments);
    if (typeof expression !== "string") throw new Error("expression is missing");
    return calculate(expression);
  } catch (problem) {
    return `error: ${problem.message}`;
  }
}
