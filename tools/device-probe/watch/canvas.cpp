#include "watch/canvas.hpp"

#include <algorithm>

namespace redbolt::probe {
namespace {

// Indexed by Ink.
constexpr const char* codes[] = {"",         "\x1b[1m",  "\x1b[2m",  "\x1b[31m", "\x1b[32m",
                                 "\x1b[33m", "\x1b[34m", "\x1b[35m", "\x1b[36m"};
constexpr const char* reset = "\x1b[0m";

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// The first `count` characters.
std::string_view cut(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; end < text.size(); ++end)
    if (starts_character(text[end]) && count-- == 0) break;
  return text.substr(0, end);
}

}  // namespace

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

Line& Line::add(std::string_view text, Ink ink) {
  pieces_.push_back({std::string(text), ink});
  width_ += characters(text);
  return *this;
}

Line& Line::to(std::size_t column) {
  if (column > width_) add(std::string(column - width_, ' '));
  return *this;
}

Line& Line::right(std::string_view text, std::size_t columns, Ink ink) {
  const std::size_t size = characters(text);
  to(std::max(width_ + 1, columns > size ? columns - size : 0));
  return add(text, ink);
}

std::string Line::render(std::size_t columns, bool colour) const {
  std::string text;
  std::size_t left = columns;
  for (const Piece& piece : pieces_) {
    const std::string_view shown = cut(piece.text, left);
    left -= characters(shown);
    const bool inked = colour && piece.ink != Ink::plain && !shown.empty();
    if (inked) text += codes[static_cast<std::size_t>(piece.ink)];
    text += shown;
    if (inked) text += reset;
  }
  return text;
}

}  // namespace redbolt::probe
