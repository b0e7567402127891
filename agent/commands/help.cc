#include "agent/commands/help.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/commands/registry.h"
#include "core/base/error.h"

namespace plasmite {

std::string root_help() {
  size_t width = std::string_view("help").size();
  for (const CommandEntry& command : all_commands())
    width = std::max(width, std::string_view(command.name).size());
  const auto row = [&](std::string_view name, std::string_view summary) {
    return "  " + std::string(name) + std::string(width - name.size() + 2, ' ') +
           std::string(summary) + "\n";
  };
  std::string text = "plasmite " PLASMITE_VERSION
                     ": bounded, crash-safe pools of JSON messages that any number of\n"
                     "processes write and read at once.\n"
                     "\n"
                     "USAGE\n"
                     "  plasmite [--dir PATH] [--color WHEN] COMMAND ...\n"
                     "\n"
                     "COMMANDS\n";
  for (const CommandEntry& command : all_commands()) text += row(command.name, command.summary);
  text += row("help", "Print the help of a command, or `help exit-codes`");
  return text +
         "\n"
         "OPTIONS\n"
         "  --dir PATH     Directory of named pools\n"
         "                 [default: $PLASMITE_DIR, else ~/.plasmite/pools]\n"
         "  --color WHEN   auto, always or never: colours of diagnostics and of JSON laid\n"
         "                 out for people [default: auto]\n"
         "  -h, --help     Print this help\n"
         "  -V, --version  Print the version\n"
         "\n"
         "FIRST LOCAL WORKFLOW\n"
         "  plasmite pool create demo\n"
         "  plasmite feed demo '{\"hello\":\"world\"}'\n"
         "  plasmite follow demo --tail 10\n";
}

std::string exit_codes_help() {
  struct Row {
    ErrorKind kind;
    std::string_view meaning;
  };
  constexpr std::array kRows = {
      Row{ErrorKind::Internal, "a bug; feed: records were rejected; agent: degraded"},
      Row{ErrorKind::Usage, "wrong options, values or input"},
      Row{ErrorKind::NotFound, "no such pool or message; agent: none runs"},
      Row{ErrorKind::AlreadyExists, "the pool to create exists"},
      Row{ErrorKind::Busy, "the writer lock was not free in time"},
      Row{ErrorKind::Permission, "the operating system refuses access"},
      Row{ErrorKind::Corrupt, "a pool file is damaged or is not one"},
      Row{ErrorKind::Io, "reading or writing failed"},
      Row{ErrorKind::RetentionGap, "the wanted messages were retired"},
  };
  std::string text = "EXIT CODES\n  0    success, also when the reader of stdout went away\n";
  for (const Row& row : kRows) {
    std::string name(error_kind_name(row.kind));
    name.resize(15, ' ');
    text += "  " + std::to_string(error_exit_code(row.kind)) + "    " + name +
            std::string(row.meaning) + "\n";
  }
  return text +
         "  78   agent: the configuration cannot run\n"
         "  124  follow --timeout or duplex --timeout passed without a message\n"
         "  tap exits as the wrapped command did: with its code, or 128 + the signal\n";
}

}  // namespace plasmite
