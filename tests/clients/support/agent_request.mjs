// A request as coding agents send it (tests/data/clients/agent_request.json): 23 tools with real schemas, several turns
// with calls and their results, fields that only some servers know. All texts are made up; the shape is that of OpenAI's
// API as such programs use it. The system prompt is repeated until it is as long as it has to be.
import { readFileSync } from "node:fs";

const file = new URL("../../data/clients/agent_request.json", import.meta.url);

export function agentRequest({ model, systemCharacters }) {
  const request = JSON.parse(readFileSync(file, "utf8"));
  request.model = model;
  const system = request.messages[0].content;
  request.messages[0].content = system.repeat(Math.ceil(systemCharacters / system.length));
  return request;
}
