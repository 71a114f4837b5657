// Lines of coloured text that know how wide they are on the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace redbolt::probe {

enum class Ink : unsigned char { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

class Line {
 public:
  // text: UTF-8 of characters one column wide, without control characters.
  Line& add(std::string_view text, Ink ink = Ink::plain);
  // Spaces up to a column.
  Line& to(std::size_t column);
  // So that `text` ends at the last of `columns`; at least one space before it.
  Line& right(std::string_view text, std::size_t columns, Ink ink = Ink::plain);
  std::size_t width() const { return width_; }

  // Cut to `columns`; with ANSI colours if wanted.
  std::string render(std::size_t columns, bool colour) const;

 private:
  struct Piece {
    std::string text;
    Ink ink;
  };
  std::vector<Piece> pieces_;
  std::size_t width_ = 0;
};

// Characters in UTF-8 text.
std::size_t characters(std::string_view text);

}  // namespace redbolt::probe
