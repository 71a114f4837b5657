// What has been said, and how it goes to the server and comes back. Messages:
//   {role: "user", content}
//   {role: "assistant", content, reasoning, calls: [{id, name, arguments}], thoughtSeconds, figures,
//    finish, problem}
//   {role: "tool", id, content}
import { calculatorTool } from "./calculator.mjs";

export const newAnswer = () => ({
  role: "assistant",
  content: "",
  reasoning: "",
  calls: [],
  thoughtSeconds: null,
  figures: null,  // {promptTokens, cachedTokens, tokens, tokensPerSecond}
  finish: null,   // as the server says; "aborted" by the user; null while it comes
  problem: null,  // what went wrong, for people
});

// Adds what one event of the stream brings.
export function applyChunk(answer, chunk) {
  const choice = chunk.choices?.[0];
  const delta = choice?.delta ?? {};
  answer.reasoning += delta.reasoning_content ?? delta.reasoning ?? "";
  answer.content += delta.content ?? "";
  for (const part of delta.tool_calls ?? []) {
    const call = answer.calls[part.index ?? 0] ??= { id: "", name: "", arguments: "" };
    if (part.id) call.id = part.id;
    call.name += part.function?.name ?? "";
    call.arguments += part.function?.arguments ?? "";
  }
  if (choice?.finish_reason) answer.finish = choice.finish_reason;
  if (chunk.usage) {
    answer.figures = {
      promptTokens: chunk.usage.prompt_tokens ?? 0,
      cachedTokens: chunk.usage.prompt_tokens_details?.cached_tokens ?? 0,
      tokens: chunk.usage.completion_tokens ?? 0,
      tokensPerSecond: chunk.timings?.predicted_per_second ?? null,
    };
  } else if (chunk.timings && answer.figures) {
    answer.figures.tokensPerSecond = chunk.timings.predicted_per_second ?? null;
  }
}

// Arguments that are no JSON object (an answer was cut, a model went astray) would be refused each time
// that the conversation goes on.
function sendableArguments(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? text : "{}";
  } catch {
    return "{}";
  }
}

function requestMessage(message, keepThought) {
  if (message.role === "tool") {
    return { role: "tool", tool_call_id: message.id, content: message.content };
  }
  if (message.role === "user") return { role: "user", content: message.content };
  const made = { role: "assistant", content: message.content };
  if (keepThought && message.reasoning) made.reasoning_content = message.reasoning;
  if (message.calls.length > 0) {
    made.tool_calls = message.calls.map(({ id, name, arguments: text }) => ({
      id, type: "function", function: { name, arguments: sendableArguments(text) },
    }));
  }
  return made;
}

const isEmpty = (message) =>
    message.role === "assistant" && message.content === "" && message.calls.length === 0;

// Calls that were never answered (the reader stopped, the page was closed) would be refused.
const isUnanswered = (message, answered) =>
    message.role === "assistant" && message.calls.some((call) => !answered.has(call.id));

export const samplingNumbers = [
  "temperature", "top_k", "top_p", "min_p", "repeat_penalty", "presence_penalty",
  "frequency_penalty", "seed", "max_tokens",
];

// The body of a request that asks for the next message.
export function requestBody(messages, settings) {
  const question = messages.findLastIndex((message) => message.role === "user");
  const answered = new Set(messages.filter(({ role }) => role === "tool").map(({ id }) => id));
  const body = { messages: [], stream: true, stream_options: { include_usage: true } };
  if (settings.model) body.model = settings.model;
  if (settings.system) body.messages.push({ role: "system", content: settings.system });
  messages.forEach((message, index) => {
    if (isEmpty(message)) return;
    const kept = isUnanswered(message, answered) ? { ...message, calls: [] } : message;
    if (!isEmpty(kept)) body.messages.push(requestMessage(kept, index > question));
  });
  if (settings.calculator) body.tools = [calculatorTool];
  if (settings.thinking === "on") body.chat_template_kwargs = { enable_thinking: true };
  if (settings.thinking === "off") body.chat_template_kwargs = { enable_thinking: false };
  for (const name of samplingNumbers) {
    if (typeof settings[name] === "number") body[name] = settings[name];
  }
  return body;
}

const text = (value) => typeof value === "string" ? value : "";

function restoredMessage(raw) {
  if (raw?.role === "user") return { role: "user", content: text(raw.content) };
  if (raw?.role === "tool") return { role: "tool", id: text(raw.id), content: text(raw.content) };
  if (raw?.role !== "assistant") return null;
  const calls = Array.isArray(raw.calls) ? raw.calls : [];
  const figures = raw.figures;
  const known = figures && ["promptTokens", "cachedTokens", "tokens"].every(
      (name) => typeof figures[name] === "number");
  return {
    ...newAnswer(),
    content: text(raw.content),
    reasoning: text(raw.reasoning),
    calls: calls.map((call) => ({
      id: text(call?.id), name: text(call?.name), arguments: text(call?.arguments),
    })),
    thoughtSeconds: typeof raw.thoughtSeconds === "number" ? raw.thoughtSeconds : null,
    figures: known ? figures : null,
    finish: text(raw.finish) || "aborted",
    problem: typeof raw.problem === "string" ? raw.problem : null,
  };
}

// What was stored, as far as it is a conversation; whatever else lies there is left out.
export function restoredMessages(stored) {
  try {
    const list = JSON.parse(stored);
    return Array.isArray(list) ? list.map(restoredMessage).filter((message) => message !== null) : [];
  } catch {
    return [];
  }
}
