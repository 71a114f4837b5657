// Streams as the HTML standard (section 9.2, server-sent events) has them, in every odd split.
import assert from "node:assert/strict";
import { test } from "node:test";

import { EventStreamParser } from "../../../llm/server/page/sse.mjs";

const stream = "\uFEFF: hello\r\ndata: one\r\n\r\ndata:two\ndata:  three\n\n: ping\n\n" +
    "event: end\rdata\r\rid: 7\nretry: 5\ndata: é😀\n\ndata: never finished";
const expected = [
  { event: "message", data: "one" },
  { event: "message", data: "two\n three" },
  { event: "end", data: "" },
  { event: "message", data: "é😀" },
];

test("the whole stream in one piece", () => {
  assert.deepEqual(new EventStreamParser().push(stream), expected);
});

test("the stream cut in pieces of every size", () => {
  for (let size = 1; size < stream.length; size++) {
    const parser = new EventStreamParser();
    const events = [];
    for (let at = 0; at < stream.length; at += size) events.push(...parser.push(stream.slice(at, at + size)));
    assert.deepEqual(events, expected, `pieces of ${size}`);
  }
});

test("the stream cut in two at every place", () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    const parser = new EventStreamParser();
    assert.deepEqual([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))], expected);
  }
});

test("an event comes as soon as its empty line has come", () => {
  const parser = new EventStreamParser();
  assert.deepEqual(parser.push("data: a\n"), []);
  assert.deepEqual(parser.push("\n"), [{ event: "message", data: "a" }]);
});
