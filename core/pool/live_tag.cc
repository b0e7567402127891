#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/base/unique_fd.h"
#include "core/pool/pool_open.h"

namespace plasmite {
namespace {

// FNV-1a, 64 bits: a tag must differ when its parts do, not resist anybody.
uint64_t hash_bytes(uint64_t hash, std::string_view bytes) {
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001B3;
  return hash;
}

template <class Number>
uint64_t hash_number(uint64_t hash, Number number) {
  return hash_bytes(hash, {reinterpret_cast<const char*>(&number), sizeof(number)});
}

// Changes with every boot, the same in all containers of one kernel.
const std::string& boot_id() {
  static const std::string id = [] {
    // Plain reads: every short-lived command opens a pool, and a stream object costs more than the rest.
    const UniqueFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    char buffer[64];
    const ssize_t got = fd ? ::read(fd.get(), buffer, sizeof(buffer)) : -1;
    std::string text(buffer, got > 0 ? static_cast<size_t>(got) : 0);
    if (const size_t end = text.find('\n'); end != std::string::npos) text.resize(end);
    return text;
  }();
  return id;
}

}  // namespace

Result<uint64_t> live_tag(int fd, const std::string& path) {
  struct statx status = {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) != 0)
    return std::unexpected(errno_error(errno, "failed to stat pool file", path));
  if (boot_id().empty()) {
    return std::unexpected(Error(ErrorKind::Io, "cannot read /proc/sys/kernel/random/boot_id")
                               .with_path(path)
                               .with_hint("Mount /proc: pools need it to tell one boot from the next."));
  }
  uint64_t hash = hash_bytes(0xCBF29CE484222325, boot_id());
  hash = hash_number(hash, status.stx_dev_major);
  hash = hash_number(hash, status.stx_dev_minor);
  hash = hash_number(hash, status.stx_ino);
  hash = hash_number(hash, status.stx_btime.tv_sec);
  hash = hash_number(hash, status.stx_btime.tv_nsec);
  return hash == 0 ? 1 : hash;  // 0 means "not initialised"
}

}  // namespace plasmite
