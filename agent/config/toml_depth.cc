#include "agent/config/toml_depth.h"

#include <algorithm>

namespace plasmite {
namespace {

// Knows as much of TOML as it takes to tell strings and comments from the rest.
class DepthScanner {
 public:
  explicit DepthScanner(std::string_view text) : rest_(text) {}

  std::optional<uint32_t> find(uint32_t limit) {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (c == '#') {
        skip(std::min(rest_.find('\n'), rest_.size()));
        continue;
      }
      count(c);
      if (depth_ > limit || parts_ > limit) return line_;
      skip(1);
    }
    return std::nullopt;
  }

 private:
  void count(char c) {
    if (c == '.') {
      ++parts_;
      return;
    }
    if (c == '[' || c == '{') ++depth_;
    if ((c == ']' || c == '}') && depth_ > 0) --depth_;
    if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '[') parts_ = 1;
  }

  void skip(size_t bytes) {
    line_ += static_cast<uint32_t>(std::ranges::count(rest_.substr(0, bytes), '\n'));
    rest_.remove_prefix(bytes);
  }

  void skip_string(char quote) {
    const std::string_view three = quote == '"' ? "\"\"\"" : "'''";
    const bool is_long = rest_.starts_with(three);
    const size_t mark = is_long ? 3 : 1;
    size_t at = mark;
    while (at < rest_.size()) {
      const char c = rest_[at];
      if (!is_long && c == '\n') break;  // not closed: the parser says so
      if (quote == '"' && c == '\\') {
        at += 2;
        continue;
      }
      if (c == quote && (!is_long || rest_.substr(at).starts_with(three))) {
        at += mark;
        // Up to two quotes may stand just before the three that close it.
        while (is_long && at < rest_.size() && rest_[at] == quote) ++at;
        break;
      }
      ++at;
    }
    skip(std::min(at, rest_.size()));
  }

  std::string_view rest_;
  uint32_t line_ = 1;
  uint32_t depth_ = 0;
  uint32_t parts_ = 1;
};

}  // namespace

std::optional<uint32_t> find_deep_toml(std::string_view text, uint32_t limit) {
  return DepthScanner(text).find(limit);
}

}  // namespace plasmite
