// JSON as it arrives, byte by byte: is it still the beginning of a value, is the value complete.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace redbolt::llm {

enum class ScanStep {
  more,      // taken; the value goes on
  done,      // taken; the value is complete
  rejected,  // not taken: the byte does not fit, or the value was complete before it
};

// One value of any kind but a bare number, whose end only the next byte tells: see complete().
class JsonScanner {
 public:
  static constexpr std::size_t kMaximumDepth = 256;

  // Appends to `out` what the byte settles: the value's own text, except that control characters in
  // strings, which models do write, are escaped, and "\'" becomes "'".
  ScanStep feed(char byte, std::string& out);

  // What was fed is a whole value, a number without an end included.
  bool complete() const;

 private:
  enum class Expect {
    value,
    first_key,
    key,
    colon,
    first_element,
    separator,
    string,
    escape,
    unicode,
    low_backslash,
    low_u,
    literal,
    number,
    finished,
  };
  enum class Number { minus, zero, integer, point, fraction, exponent, exponent_sign, power };

  ScanStep begin_value(char byte, std::string& out);
  ScanStep end_value();
  ScanStep feed_structure(char byte, std::string& out);
  ScanStep feed_string(char byte, std::string& out);
  ScanStep feed_escape(char byte, std::string& out);
  ScanStep feed_unicode(char byte, std::string& out);
  ScanStep feed_number(char byte, std::string& out);
  ScanStep close_container(std::string& out, char byte);
  bool number_may_end() const;

  Expect expect_ = Expect::value;
  std::vector<bool> objects_;  // the open containers: an object, or an array
  bool in_key_ = false;
  const char* literal_ = nullptr;  // what is left of true, false or null
  Number number_ = Number::minus;
  unsigned digits_ = 0;  // of \uXXXX
  unsigned unit_ = 0;
  bool low_surrogate_ = false;  // the second half of a pair has to come
};

// The characters of a JSON string, decoded as they arrive. Starts after the opening quote.
class JsonStringDecoder {
 public:
  // Appends what the byte settles to `out`; done at the closing quote.
  ScanStep feed(char byte, std::string& out);

 private:
  ScanStep feed_escape(char byte, std::string& out);
  ScanStep feed_unicode(char byte, std::string& out);

  enum class Expect {
    character,
    escape,
    unicode,
    low_backslash,
    low_u
  } expect_ = Expect::character;
  unsigned digits_ = 0, unit_ = 0, high_ = 0;
};

// A value of a hexadecimal digit, -1 for anything else.
int hex_value(char byte);
bool is_json_space(char byte);
// White space that may stand in front of a tag; of more, what follows is text. It keeps the time
// that an answer takes in proportion to its length.
inline constexpr std::size_t kMaximumSpaceBeforeTag = 1024;
// As it stands between the quotes of a JSON string.
void append_json_escaped(std::string& out, char byte);

}  // namespace redbolt::llm
