#include "core/base/companion_program.h"

#include <sys/auxv.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace plasmite {
namespace {

// Not the name we were called by, which may be a link.
std::filesystem::path running_program(std::error_code& failed) {
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (!failed) return self;
  // No /proc here. What the kernel executed is as good while nobody changed the working directory.
  const auto* executed = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (executed == nullptr) return self;
  return std::filesystem::canonical(executed, failed);
}

}  // namespace

std::expected<std::string, std::string> find_companion_program(std::string_view name) {
  std::error_code failed;
  const std::filesystem::path self = running_program(failed);
  if (failed) return std::unexpected("/proc/self/exe: " + failed.message());
  const std::filesystem::path folder = self.parent_path();
  const std::filesystem::path libexec = folder.parent_path() / "libexec" / "plasmite";
  for (const std::filesystem::path& path : {folder / name, libexec / name})
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  return std::unexpected("no " + std::string(name) + " in " + folder.string() + " nor in " +
                         libexec.string());
}

}  // namespace plasmite
