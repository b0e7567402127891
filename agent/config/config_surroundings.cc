#include "agent/config/config_surroundings.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "agent/config/bounded_file.h"
#include "agent/values.h"

namespace plasmite {
namespace {

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = ::secure_getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

bool is_group(const std::string& name) {
  std::vector<char> buffer(1024);
  group entry{};
  group* found = nullptr;
  constexpr size_t kLargestEntry = 1u << 20;
  while (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kLargestEntry) {
    buffer.resize(buffer.size() * 2);
  }
  return found != nullptr;
}

Result<SecretFile> read_secret(const std::filesystem::path& path) {
  auto file = read_bounded_file(path, kMaxSecretBytes);
  if (!file) return std::unexpected(file.error());
  SecretFile secret{.value = std::move(file->text), .readable_by_all = (file->mode & S_IROTH) != 0};
  if (secret.value.ends_with('\n')) secret.value.pop_back();
  if (secret.value.ends_with('\r')) secret.value.pop_back();
  return secret;
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

bool is_program(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

ConfigSurroundings ConfigSurroundings::of_this_process() {
  return {.variable = environment_variable,
          .group_exists = is_group,
          .secret = read_secret,
          .is_directory = is_folder,
          .is_executable = is_program,
          .now_ns = wall_clock_ns()};
}

}  // namespace plasmite
