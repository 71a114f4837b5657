// What reads the inside of one tool call, byte by byte, whatever its syntax.
#pragma once

#include <string>
#include <string_view>

#include "output/json_scanner.hpp"

namespace redbolt::llm {

// Where a reader reports what it has found.
class CallSink {
 public:
  CallSink() = default;
  CallSink(const CallSink&) = delete;
  CallSink& operator=(const CallSink&) = delete;
  virtual ~CallSink() = default;

  // False when no such tool was offered.
  virtual bool begin(std::string_view name) = 0;
  // The next piece of the arguments' JSON text; after begin.
  virtual void arguments(std::string_view text) = 0;
};

class CallReader {
 public:
  CallReader() = default;
  CallReader(const CallReader&) = delete;
  CallReader& operator=(const CallReader&) = delete;
  virtual ~CallReader() = default;

  virtual ScanStep feed(char byte, CallSink& sink) = 0;
  // The arguments given out so far are a whole JSON object.
  virtual bool complete() const = 0;
  // What was taken since the name or the last piece of the arguments was given out.
  virtual std::string unsent() const = 0;
};

}  // namespace redbolt::llm
