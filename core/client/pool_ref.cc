#include "core/client/pool_ref.h"

#include <cstdlib>

namespace plasmite {

namespace {

constexpr std::string_view kSuffix = ".plasmite";

// Empty when unset.
std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::filesystem::path default_pool_dir() {
  if (const std::string_view dir = environment("PLASMITE_DIR"); !dir.empty()) return dir;
  return std::filesystem::path(environment("HOME")) / ".plasmite" / "pools";
}

Result<std::filesystem::path> resolve_pool_ref(std::string_view ref,
                                               const std::filesystem::path& dir) {
  if (ref.contains('\0')) {
    return std::unexpected(Error(ErrorKind::Usage, "invalid pool ref")
                               .with_hint("A pool name or path must not contain a NUL byte."));
  }
  if (ref.contains('/')) return std::filesystem::path(ref);
  std::string name(ref);
  if (!ref.ends_with(kSuffix)) name += kSuffix;
  return dir / name;
}

bool is_remote_ref(std::string_view ref) { return ref.contains("://"); }

}  // namespace plasmite
