#include "agent/output/error_report.h"

#include <filesystem>
#include <string_view>

#include "agent/output/stdio.h"
#include "agent/output/terminal_text.h"
#include "agent/output/wrap.h"

namespace plasmite {
namespace {

constexpr int kRed = 31;
constexpr int kYellow = 33;

std::string_view general_hint(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Corrupt:
      return "The pool appears corrupt. `plasmite doctor POOL` says what is wrong and "
             "`plasmite doctor POOL --repair` saves every intact record. Recreate the pool if "
             "nothing of it is needed.";
    case ErrorKind::Permission:
      return "Check the permissions of the pool file and its directory, or use --dir.";
    case ErrorKind::Busy:
      return "Another writer holds the lock. Try again, or wait longer with --lock-timeout.";
    case ErrorKind::Io:
      return "Check the path, the filesystem and the free space on the disk.";
    case ErrorKind::Internal:
      return "This is a bug in plasmite. Please report it with the command line and this message.";
    case ErrorKind::NotFound:
      return "Check the name, the path and --dir; `plasmite pool list` shows what is there.";
    case ErrorKind::AlreadyExists:
      return "Choose a different name.";
    case ErrorKind::RetentionGap:
      return "A larger pool retains more; `plasmite pool info POOL` shows what is retained.";
    case ErrorKind::Usage:
      return "Try `plasmite --help`.";
  }
  return {};
}

// "./pools/a.plasmite" for what lies below the working directory, else the path as it is.
std::string path_for_people(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path here = std::filesystem::current_path(ignored);
  const std::filesystem::path relative = std::filesystem::path(path).lexically_relative(here);
  if (relative.empty() || *relative.begin() == ".." || !std::filesystem::path(path).is_absolute())
    return path;
  return "./" + relative.string();
}

std::string error_as_text(const Error& error, bool colored, size_t columns) {
  std::string text;
  const auto line = [&](std::string_view name, int sgr, std::string_view value) {
    text += label(name, sgr, colored) + " " +
            wrap_words(escape_for_terminal(value), name.size() + 1, columns) + "\n";
  };
  line("error:", kRed, error.message());
  if (!error.hint().empty()) line("hint:", kYellow, error.hint());
  // One word, whatever is in it: it is there to be copied.
  if (!error.path().empty())
    text += label("path:", kYellow, colored) + " " +
            escape_for_terminal(path_for_people(error.path())) + "\n";
  if (error.seq()) line("seq:", kYellow, std::to_string(*error.seq()));
  if (error.offset()) line("offset:", kYellow, std::to_string(*error.offset()));
  if (!error.causes().empty()) line("caused by:", kYellow, error.causes().front());
  return text;
}

}  // namespace

std::string label(std::string_view text, int sgr, bool colored) {
  if (!colored) return std::string(text);
  return "\x1b[" + std::to_string(sgr) + "m" + std::string(text) + "\x1b[0m";
}

void append_error_object(JsonWriter& json, const Error& error) {
  json.begin_object();
  if (!error.causes().empty()) {
    json.key("causes").begin_array();
    for (const std::string& cause : error.causes()) json.string(cause);
    json.end_array();
  }
  if (!error.hint().empty()) json.key("hint").string(error.hint());
  json.key("kind").string(error_kind_name(error.kind()));
  json.key("message").string(error.message());
  if (error.offset()) json.key("offset").number(*error.offset());
  if (!error.path().empty()) json.key("path").string(error.path());
  if (error.seq()) json.key("seq").number(*error.seq());
  json.end_object();
}

static Error with_general_hint(Error error) {
  std::string hint(general_hint(error.kind()));
  return std::move(error).with_hint(std::move(hint));
}

int report_error(ColorMode color, Error error) {
  if (error.hint().empty()) error = with_general_hint(std::move(error));
  if (is_terminal(kStderr)) {
    write_stderr(error_as_text(error, use_color(color, kStderr), terminal_columns(kStderr)));
  } else {
    JsonWriter json;
    json.begin_object().key("error");
    append_error_object(json, error);
    json.end_object();
    write_stderr(json.text() + "\n");
  }
  return error_exit_code(error.kind());
}

}  // namespace plasmite
