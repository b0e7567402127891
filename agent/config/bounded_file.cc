#include "agent/config/bounded_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/unique_fd.h"

namespace plasmite {

Result<BoundedFile> read_bounded_file(const std::filesystem::path& path, size_t max_bytes) {
  const auto failure = [&](int error) {
    return std::unexpected(errno_error(error, "cannot read", path.string()));
  };
  const auto refusal = [&](std::string why) {
    return std::unexpected(Error(ErrorKind::Usage, std::move(why)).with_path(path.string()));
  };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return failure(errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return failure(errno);
  if (!S_ISREG(status.st_mode)) return refusal("not a regular file");
  BoundedFile result;
  result.mode = status.st_mode;
  // One byte more tells that there is more, whatever the size was just now.
  result.text.resize(max_bytes + 1);
  size_t size = 0;
  while (size < result.text.size()) {
    const ssize_t got = ::read(file.get(), result.text.data() + size, result.text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(errno);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max_bytes) return refusal("larger than " + std::to_string(max_bytes) + " bytes");
  result.text.resize(size);
  return result;
}

}  // namespace plasmite
