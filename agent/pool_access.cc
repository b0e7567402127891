#include "agent/pool_access.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/pool_size.h"
#include "core/client/pool_ref.h"
#include "core/record/json_escape.h"

namespace plasmite {
namespace {

constexpr mode_t kPoolDirMode = 0700;

Error missing_pool(const Error& error, const std::filesystem::path& path,
                   const PoolRequest& request) {
  std::string hint = missing_path_hint(request.ref);
  if (!request.ref.contains('/') && !request.missing_hint.empty()) hint = request.missing_hint;
  Error missing(ErrorKind::NotFound, "not found");
  for (const std::string& cause : error.causes()) missing = std::move(missing).with_cause(cause);
  return std::move(missing).with_path(path.string()).with_hint(std::move(hint));
}

Result<Pool> create_then_open(const std::filesystem::path& path, const PoolRequest& request) {
  if (auto made = make_pool_dir(path.parent_path()); !made) return std::unexpected(made.error());
  auto created = Pool::create(path, {.size_bytes = pool_size_for(request.create_bytes)});
  // Somebody else may have been faster; their pool is as good as ours.
  if (!created && created.error().kind() != ErrorKind::AlreadyExists) return created;
  return Pool::open(path, {.access = request.access, .lock_timeout = request.lock_timeout});
}

}  // namespace

Result<Pool> open_pool(const CommandContext& context, const PoolRequest& request) {
  const auto path = resolve_pool_ref(request.ref, context.pool_dir);
  if (!path) return std::unexpected(path.error());
  auto pool = Pool::open(*path, {.access = request.access, .lock_timeout = request.lock_timeout});
  if (pool || pool.error().kind() != ErrorKind::NotFound) return pool;
  if (request.create) return create_then_open(*path, request);
  return std::unexpected(missing_pool(pool.error(), *path, request));
}

std::string missing_path_hint(std::string_view ref) {
  if (is_remote_ref(ref)) {
    return "Remote pools are not here yet, and there is no file of this path either. Use the name "
           "or "
           "path of a pool on this machine, or --dir.";
  }
  return "Path not found: check the path or --dir.";
}

Error no_such_pool(const Error& error, const std::filesystem::path& path) {
  Error missing(ErrorKind::NotFound, "not found");
  for (const std::string& cause : error.causes()) missing = std::move(missing).with_cause(cause);
  return std::move(missing)
      .with_path(path.string())
      .with_hint("`plasmite pool list` shows what is there. Check the name, the path and --dir.");
}

Result<void> make_pool_dir(const std::filesystem::path& dir) {
  if (dir.empty()) return {};
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : dir) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), kPoolDirMode) == 0 || errno == EEXIST) continue;
    const int error_number = errno;
    // A folder that exists above may refuse mkdir with another errno (read-only, not ours).
    struct stat status{};
    if (::stat(so_far.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    Error cause = errno_error(error_number, "");
    return std::unexpected(Error(ErrorKind::Io, "failed to create pool directory")
                               .with_path(dir.string())
                               .with_cause(cause.causes().front())
                               .with_hint("Check the directory's permissions, or use --dir."));
  }
  return {};
}

std::string rerun_with_create_hint(std::string_view command, std::string_view ref,
                                   std::string_view rest) {
  return "Add --create to make the pool: `plasmite " + std::string(command) + " " +
         quote_token(ref) + " --create" + std::string(rest) + "`.";
}

std::string quote_token(std::string_view token) {
  const auto is_bare = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_./:=").contains(c);
  };
  if (!token.empty() && std::ranges::all_of(token, is_bare)) return std::string(token);
  std::string quoted;
  append_json_string_lossy(quoted, token);
  return quoted;
}

}  // namespace plasmite
