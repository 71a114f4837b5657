// Why a JSON Schema cannot be enforced: a typed error that names the place and the keyword.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace redbolt::llm {

enum class SchemaErrorCode {
  not_json,             // the text does not parse
  malformed,            // a keyword's value is not what JSON Schema allows
  unsupported_keyword,  // a keyword that restricts what is valid and is not implemented
  unsupported_value,    // a keyword that is implemented, with a value that is not
  bad_reference,        // a $ref that leads nowhere, or only to itself
  unsatisfiable,        // no document is valid, or only an endless one
  limit_exceeded,       // larger, deeper or with more repetitions than is accepted
};

// The code's stable name, such as "unsupported_keyword".
std::string_view to_string(SchemaErrorCode code);

class SchemaError : public std::runtime_error {
 public:
  SchemaError(SchemaErrorCode code, std::string path, std::string keyword,
              const std::string& message);

  SchemaErrorCode code() const { return code_; }
  // Where, as a JSON pointer from the schema's root: "" or "/properties/city".
  const std::string& path() const { return path_; }
  // The keyword, "" where none is to blame.
  const std::string& keyword() const { return keyword_; }

 private:
  SchemaErrorCode code_;
  std::string path_, keyword_;
};

}  // namespace redbolt::llm
