#include "agent/output/wrap.h"

#include "agent/output/terminal_text.h"

namespace plasmite {
namespace {

// The bytes of the first word of `text`: up to a blank that is not between backticks.
size_t first_word_bytes(std::string_view text) {
  bool quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    // One without its counterpart quotes nothing.
    if (text[at] == '`') quoted = !quoted && text.find('`', at + 1) != std::string_view::npos;
    if (text[at] == ' ' && !quoted) return at;
  }
  return text.size();
}

}  // namespace

std::string wrap_words(std::string_view text, size_t indent, size_t columns) {
  if (columns == 0) return std::string(text);
  std::string wrapped;
  size_t column = indent;
  bool line_is_empty = true;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, first_word_bytes(text));
    const size_t width = display_width(word);
    if (!line_is_empty && column + 1 + width > columns) {
      wrapped += "\n" + std::string(indent, ' ');
      column = indent;
      line_is_empty = true;
    }
    if (!line_is_empty) wrapped += ' ';
    column += width + (line_is_empty ? 0 : 1);
    wrapped += word;
    line_is_empty = false;
    text.remove_prefix(word.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return wrapped;
}

}  // namespace plasmite
