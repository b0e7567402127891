#include "agent/front.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "agent/commands/tap.h"
#include "agent/global_options.h"
#include "agent/program.h"
#include "core/base/companion_program.h"

namespace plasmite {
namespace {

// Anything about which there is something to say before the command is not ours.
bool is_for_tap(const Arguments& arguments, const Result<GlobalOptions>& options) {
  return options && !options->help && !options->version && options->command_at < arguments.size() &&
         arguments[options->command_at] == "tap";
}

// Returns only if it fails. Nothing was changed yet that the other program would inherit.
Error become_commands(char** argv) {
  const auto program = find_companion_program(kCommandsProgram);
  std::string cause;
  if (program) {
    ::execv(program->c_str(), argv);
    cause = *program + ": " + std::strerror(errno);
  } else {
    cause = program.error();
  }
  return Error(ErrorKind::Io, "cannot start plasmite-commands")
      .with_cause(std::move(cause))
      .with_hint(
          "All commands but tap are in plasmite-commands, a program that belongs beside plasmite "
          "or into ../libexec/plasmite: install both from the same build.");
}

}  // namespace

int run_front(int argc, char** argv) {
  const Arguments arguments = read_arguments(argc, argv);
  const auto options = parse_global_options(arguments);
  if (!is_for_tap(arguments, options)) {
    Error failed = become_commands(argv);
    return run_program([&](CommandContext&) -> Result<int> { return std::unexpected(failed); });
  }
  return run_program([&](CommandContext& context) {
    use_global_options(*options, context);
    return run_command(register_tap, std::span(arguments).subspan(options->command_at), context);
  });
}

}  // namespace plasmite
