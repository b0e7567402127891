#include "agent/global_options.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/parse_failure.h"
#include "agent/program.h"

namespace plasmite {
namespace {

Error usage(std::string message) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint("Try `plasmite --help`.");
}

Result<ColorMode> parse_color(std::string_view text) {
  if (text == "auto") return ColorMode::automatic;
  if (text == "always") return ColorMode::always;
  if (text == "never") return ColorMode::never;
  return std::unexpected(
      usage("invalid value '" + std::string(text) + "' for '--color': use auto, always or never"));
}

// The value of `--name VALUE` or `--name=VALUE` at arguments[at], which moves on to its last word.
Result<std::string> option_value(const Arguments& arguments, size_t& at) {
  const std::string& word = arguments[at];
  if (const size_t equals = word.find('='); equals != std::string::npos)
    return word.substr(equals + 1);
  if (at + 1 == arguments.size())
    return std::unexpected(usage("a value is required for '" + word + "'"));
  return arguments[++at];
}

}  // namespace

Arguments read_arguments(int argc, char** argv) {
  Arguments arguments(argv + std::min(argc, 1), argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "--") break;  // what follows belongs to a wrapped command
    if (argument == "---help" || argument == "---version") argument.erase(0, 1);
  }
  return arguments;
}

Result<GlobalOptions> parse_global_options(const Arguments& arguments) {
  GlobalOptions options;
  size_t at = 0;
  for (; at < arguments.size() && arguments[at].starts_with('-'); ++at) {
    const std::string& word = arguments[at];
    const std::string_view name = std::string_view(word).substr(0, word.find('='));
    if (word == "-h" || word == "--help") {
      options.help = true;
    } else if (word == "-V" || word == "--version") {
      options.version = true;
    } else if (name == "--dir" || name == "--color") {
      const bool is_dir = name == "--dir";
      auto value = option_value(arguments, at);
      if (!value) return std::unexpected(value.error());
      if (is_dir) {
        options.dir = *value;
        continue;
      }
      const auto color = parse_color(*value);
      if (!color) return std::unexpected(color.error());
      options.color = *color;
    } else {
      return std::unexpected(
          unexpected_argument(word, {"--dir", "--color", "--help", "--version"}, kProgram));
    }
  }
  options.command_at = at;
  return options;
}

}  // namespace plasmite
