#include "agent/shell_line.h"

#include <cstdlib>

namespace plasmite {
namespace {

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80 || std::string_view("-_./:=@%+,").contains(c);
}

}  // namespace

ShellLine parse_shell_line(std::string_view line) {
  ShellLine parsed;
  std::string word;
  bool in_word = false;
  char quote = 0;
  size_t kept = 0;  // bytes of `word` before the place of the completion
  const auto finish = [&] {
    if (in_word) parsed.words.push_back(word);
    word.clear();
    in_word = false;
    kept = 0;
  };
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      finish();
      continue;
    }
    const bool begins_word = !in_word;
    in_word = true;
    if (c == '\\' && quote != '\'' && at + 1 < line.size()) {
      word += line[++at];
    } else if ((c == '\'' || c == '"') && (quote == 0 || quote == c)) {
      quote = quote == 0 ? c : 0;
      if (quote != 0) kept = word.size();
    } else if (c == '~' && begins_word && std::getenv("HOME") != nullptr &&
               (at + 1 == line.size() || line[at + 1] == '/')) {
      word += std::getenv("HOME");
    } else {
      word += c;
      if (quote == 0 && (c == '=' || c == ':')) kept = word.size();
    }
  }
  parsed.words.push_back(word);
  parsed.open_quote = quote;
  parsed.last_kept = word.substr(0, kept);
  return parsed;
}

std::string quote_for_shell(std::string_view word, char open_quote) {
  std::string quoted;
  for (const char c : word) {
    if (open_quote == '\'' && c == '\'') {
      quoted += "'\\'";
    } else if (open_quote == '"' && std::string_view("\"\\$`").contains(c)) {
      quoted += '\\';
    } else if (open_quote == 0 && !is_plain(c)) {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted;
}

}  // namespace plasmite
