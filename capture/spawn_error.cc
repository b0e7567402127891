#include "capture/spawn_error.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace plasmite {
namespace {

Error not_executable(const std::string& command, const struct stat* status) {
  const std::string prefix = "failed to spawn wrapped command: " + command;
  if (status != nullptr && S_ISDIR(status->st_mode)) {
    return Error(ErrorKind::Io, prefix + " is a directory")
        .with_hint("Name a program to run after `--`.");
  }
  return errno_error(EACCES, prefix + " is not executable")
      .with_hint("Make it executable (`chmod +x`), or name its interpreter: `sh FILE`.");
}

}  // namespace

Error spawn_error(const SpawnFailure& failure) {
  const auto& [error_number, command, shown, not_found_hint] = failure;
  struct stat status;
  const bool is_file_name = command.find('/') != std::string::npos;
  const bool exists = is_file_name && ::stat(command.c_str(), &status) == 0;
  if ((error_number == ENOENT || error_number == ENOTDIR) && !exists) {
    return Error(ErrorKind::Usage, "wrapped command not found: " + shown).with_hint(not_found_hint);
  }
  Error from_errno = errno_error(error_number, "failed to spawn wrapped command: " + shown);
  Error error(ErrorKind::Io, from_errno.message());
  if (error_number == EACCES) {
    const Error denied = not_executable(shown, exists ? &status : nullptr);
    error = Error(ErrorKind::Io, denied.message()).with_hint(denied.hint());
  } else if (error_number == ENOENT) {
    error = Error(ErrorKind::Io, from_errno.message() + ": its interpreter does not exist")
                .with_hint("Check the first line (`#!`) of the script.");
  }
  for (const std::string& cause : from_errno.causes()) error = std::move(error).with_cause(cause);
  return error;
}

Error directory_error(int error_number, const std::string& directory) {
  const Error from_errno = errno_error(error_number, "");
  const bool is_missing = error_number == ENOENT || error_number == ENOTDIR;
  return Error(is_missing ? ErrorKind::Usage : ErrorKind::Io,
               is_missing ? "working directory not found: " + directory
                          : "failed to enter the working directory: " + directory)
      .with_cause(from_errno.causes().front())
      .with_hint("Name a folder that exists and that this user may enter.");
}

}  // namespace plasmite
