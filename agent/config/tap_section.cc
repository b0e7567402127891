#include <algorithm>
#include <array>

#include "agent/config/config_draft.h"
#include "agent/config/config_names.h"

namespace plasmite {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

void read_command(TableReader& table, TapConfig& tap, const ConfigReading& reading) {
  if (!table.has("command")) {
    table.problem("command", "is missing", R"(Add command = ["program", "argument"].)");
    return;
  }
  if (!table.read_strings("command", tap.command)) return;
  if (tap.command.empty() || tap.command.front().empty()) {
    table.problem("command", "names no program", R"(Write command = ["program", "argument"].)");
    return;
  }
  const std::filesystem::path program = tap.command.front();
  if (program.is_absolute() && !reading.surroundings.is_executable(program))
    table.warn("command",
               "there is no program " + shown_value(program.native()) + " that may be run",
               "Check the path; without a `/` the program is looked for in $PATH.");
  if (tap.command.size() == 1 && tap.command.front().contains(' '))
    table.warn(
        "command", "the only word has a space in it, and no shell splits it",
        R"(Write the words apart: ["make", "-k"]; or use a shell: ["sh", "-c", "make -k"].)");
}

void read_restarts(TableReader& table, TapConfig& tap) {
  using Restart = TapConfig::Restart;
  table.read_word<Restart>(
      "restart",
      {{"never", Restart::never}, {"on-failure", Restart::on_failure}, {"always", Restart::always}},
      tap.restart);
  table.read_duration("restart_delay", tap.restart_delay,
                      {milliseconds(100), hours(1), "100ms to 1h"});
  const bool has_longest = table.read_duration("max_restart_delay", tap.max_restart_delay,
                                               {milliseconds(100), hours(24), "100ms to 24h"});
  if (tap.max_restart_delay >= tap.restart_delay) return;
  if (has_longest) {
    table.problem("max_restart_delay", "is shorter than restart_delay",
                  "Make it at least as long.");
  } else {
    tap.max_restart_delay = tap.restart_delay;
  }
}

void read_stop(TableReader& table, TapConfig& tap) {
  struct Signal {
    const char* name;
    int number;
  };
  constexpr auto kSignals = std::to_array<Signal>({{"TERM", SIGTERM},
                                                   {"INT", SIGINT},
                                                   {"HUP", SIGHUP},
                                                   {"QUIT", SIGQUIT},
                                                   {"KILL", SIGKILL},
                                                   {"USR1", SIGUSR1},
                                                   {"USR2", SIGUSR2}});
  table.read_duration("stop_timeout", tap.stop_timeout, {milliseconds(0), hours(1), "0s to 1h"});
  std::string text;
  if (!table.read_string("stop_signal", text)) return;
  const std::string_view name = std::string_view(text).substr(text.starts_with("SIG") ? 3 : 0);
  const auto* found =
      std::ranges::find_if(kSignals, [&](const Signal& signal) { return signal.name == name; });
  if (found != kSignals.end()) {
    tap.stop_signal = found->number;
    return;
  }
  table.problem("stop_signal", shown_value(text) + " is no signal to end with",
                "Use TERM, INT, HUP, QUIT, KILL, USR1 or USR2.");
}

// Empty: there is no such place.
std::filesystem::path secret_path(const std::string& file, const ConfigReading& reading) {
  std::filesystem::path path = file;
  if (path.is_absolute()) return path;
  const auto credentials = reading.surroundings.variable("CREDENTIALS_DIRECTORY");
  if (!credentials || credentials->empty()) return {};
  return std::filesystem::path(*credentials) / path;
}

void read_secret(TableReader& table, const std::string& name, const std::string& file,
                 TapConfig& tap, const ConfigReading& reading) {
  const std::string key = "environment_from";
  const auto problem = [&](std::string message, std::string fix) {
    table.problem_inside(key, name, std::move(message), std::move(fix));
  };
  const std::filesystem::path path = secret_path(file, reading);
  if (file.empty() || path.empty()) {
    return problem(shown_value(file) + " is relative, and $CREDENTIALS_DIRECTORY is not set",
                   "Use an absolute path, or LoadCredential= in the agent's unit.");
  }
  auto secret = reading.surroundings.secret(path);
  if (!secret) {
    const Error& error = secret.error();
    const std::string cause = error.causes().empty() ? "" : ": " + error.causes().front();
    return problem(
        "unreadable secret " + path.string() + ": " + error.message() + cause,
        "The file must be readable for the user whom the agent runs as, and at most 64K.");
  }
  if (secret->value.contains('\0')) {
    return problem("the secret in " + path.string() + " has a NUL byte in it",
                   "A variable can have none: encode it.");
  }
  if (secret->readable_by_all)
    table.warn_inside(key, name, path.string() + " can be read by everybody",
                      "chmod o= " + path.string());
  tap.environment.emplace_back(name, std::move(secret->value));
}

void read_environment(TableReader& table, TapConfig& tap, const ConfigReading& reading) {
  std::vector<std::pair<std::string, std::string>> plain;
  table.read_pairs("environment", plain);
  for (auto& [name, value] : plain) {
    if (const std::string why = why_no_variable(name); !why.empty())
      table.problem_inside("environment", name, why, "Use a name like HTTP_PROXY.");
    tap.environment.emplace_back(name, std::move(value));
  }
  std::vector<std::pair<std::string, std::string>> files;
  table.read_pairs("environment_from", files);
  for (const auto& [name, file] : files) {
    if (const std::string why = why_no_variable(name); !why.empty())
      table.problem_inside("environment_from", name, why, "Use a name like API_TOKEN.");
    if (std::ranges::count(plain, name, &std::pair<std::string, std::string>::first) > 0) {
      table.problem_inside("environment_from", name, "is in environment, too", "Keep one of them.");
      continue;
    }
    read_secret(table, name, file, tap, reading);
  }
}

}  // namespace

void read_tap(TableReader& table, TapConfig& out, const ConfigReading& reading) {
  read_command(table, out, reading);
  read_restarts(table, out);
  read_stop(table, out);
  std::filesystem::path directory;
  if (table.read_path("directory", directory)) {
    out.working_directory = directory.string();
    if (!reading.surroundings.is_directory(directory))
      table.warn("directory", "there is no folder " + shown_value(directory.native()),
                 "Make it, or correct the path.");
  }
  read_environment(table, out, reading);
}

}  // namespace plasmite
