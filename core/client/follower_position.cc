#include "core/client/follower_position.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>

#include "core/base/crc32c.h"

namespace plasmite {
namespace {

constexpr std::string_view kSuffix = ".follower";
constexpr std::string_view kMagic = "plasmite-follower ";
constexpr std::string_view kVersion = "1 ";

// Two lines, written in turns: one that is torn by a power cut leaves the other. Each fills a
// sector of its own, the smallest unit that disks write.
constexpr size_t kLineBytes = 512;
constexpr size_t kFileBytes = 2 * kLineBytes;

struct Line {
  FollowerPosition::Place place;
  uint64_t generation;
};

std::string format_line(const Line& line) {
  std::string text = std::string(kMagic) + std::string(kVersion);
  char field[32];
  for (const uint8_t byte : line.place.pool_id) {
    std::snprintf(field, sizeof(field), "%02x", byte);
    text += field;
  }
  for (const uint64_t number : {line.generation, line.place.next_seq})
    text += " " + std::to_string(number);
  std::snprintf(field, sizeof(field), " %08x", crc32c(text));
  text += field;
  text.resize(kLineBytes - 1, ' ');
  return text + "\n";
}

// The number in front of the next space.
template <class Number>
std::optional<Number> take_number(std::string_view& text, int base) {
  Number value{};
  const char* const stop = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), stop, value, base);
  if (error != std::errc() || end == stop || *end != ' ') return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return value;
}

std::optional<Line> parse_line(std::string_view text) {
  std::string_view rest = text;
  if (!rest.starts_with(kMagic)) return std::nullopt;
  rest.remove_prefix(kMagic.size() + kVersion.size());
  Line line{};
  for (uint8_t& byte : line.place.pool_id) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + 2, byte, 16);
    if (error != std::errc() || end != rest.data() + 2) return std::nullopt;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with(' ')) return std::nullopt;
  rest.remove_prefix(1);
  const auto generation = take_number<uint64_t>(rest, 10);
  if (!generation) return std::nullopt;
  const auto next_seq = take_number<uint64_t>(rest, 10);
  if (!next_seq) return std::nullopt;
  line.generation = *generation;
  line.place.next_seq = *next_seq;
  // The same bytes, the checksum among them, or it is not ours.
  return format_line(line) == text ? std::optional(line) : std::nullopt;
}

bool is_later_version(std::string_view text) {
  return text.starts_with(kMagic) && !text.substr(kMagic.size()).starts_with(kVersion);
}

// Who has the lock, as far as the kernel tells; else nothing.
std::string lock_holder(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return {};
  const std::string inode = ":" + std::to_string(status.st_ino) + " ";
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    const size_t kind = line.find("FLOCK");
    if (kind == std::string::npos || !line.contains(inode)) continue;
    const size_t pid = line.find_first_of("123456789", kind);
    if (pid == std::string::npos) continue;
    return "process " + line.substr(pid, line.find(' ', pid) - pid) + " has its position open";
  }
  return {};
}

Error busy(const std::filesystem::path& path, std::string_view name, int fd) {
  Error error(ErrorKind::Busy, "another process follows as '" + std::string(name) + "'");
  if (std::string holder = lock_holder(fd); !holder.empty())
    error = std::move(error).with_cause(std::move(holder));
  return std::move(error)
      .with_path(path.string())
      .with_hint("A name has one follower at a time. End that one, or choose another --name.");
}

Error open_error(int error_number, const std::filesystem::path& path) {
  return errno_error(error_number, "failed to open the follower's position", path.string())
      .with_hint(
          "A named follower keeps its position beside the pool and must be able to write "
          "files there. Follow without --name, or as another user.");
}

// A descriptor of the file that has this path now, locked.
Result<UniqueFd> open_locked(const std::filesystem::path& path, std::string_view name) {
  for (;;) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return std::unexpected(open_error(errno, path));
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::unexpected(busy(path, name, file.get()));
      if (errno != EINTR) return std::unexpected(open_error(errno, path));
    }
    // Deleted between the two, with its pool: that lock keeps nobody out.
    struct stat status{};
    if (::fstat(file.get(), &status) == 0 && status.st_nlink > 0) return file;
  }
}

// Makes the name of a new file durable.
Result<void> sync_directory(const std::filesystem::path& file) {
  const std::filesystem::path dir = file.has_parent_path() ? file.parent_path() : ".";
  const UniqueFd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::fsync(fd.get()) == 0) return {};
  // Some filesystems cannot sync directories, and some directories cannot be read.
  if (errno == EINVAL || errno == EACCES) return {};
  return std::unexpected(errno_error(errno, "failed to sync directory", dir.string()));
}

}  // namespace

bool is_follower_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  };
  return !name.empty() && name.size() <= kMaxFollowerNameBytes &&
         std::ranges::all_of(name, is_plain);
}

std::filesystem::path follower_file(const std::filesystem::path& pool, std::string_view name) {
  std::error_code code;
  std::filesystem::path path = std::filesystem::weakly_canonical(pool, code);
  if (code) path = pool;
  path += "." + std::string(name) + std::string(kSuffix);
  return path;
}

std::vector<std::filesystem::path> follower_files(const std::filesystem::path& pool) {
  // DIR/POOLFILE.NAME.follower, told from those of a pool POOLFILE.NAME by the dot a name cannot
  // have.
  const std::filesystem::path any = follower_file(pool, "");
  const std::string file = any.filename().string();
  const std::string prefix = file.substr(0, file.size() - kSuffix.size());
  std::vector<std::filesystem::path> found;
  std::error_code code;
  const std::filesystem::path dir = any.has_parent_path() ? any.parent_path() : ".";
  for (std::filesystem::directory_iterator at(dir, code), end; !code && at != end;
       at.increment(code)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) continue;
    if (name.size() < prefix.size() + kSuffix.size()) continue;
    const std::string_view middle =
        std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - kSuffix.size());
    if (is_follower_name(middle)) found.push_back(at->path());
  }
  std::ranges::sort(found);
  return found;
}

Result<FollowerPosition> FollowerPosition::open(const std::filesystem::path& pool,
                                                std::string_view name) {
  if (!is_follower_name(name)) {
    return std::unexpected(
        Error(ErrorKind::Usage, "invalid follower name '" + std::string(name) + "'")
            .with_hint("Use 1 to 64 letters, digits, - and _."));
  }
  FollowerPosition position;
  position.path_ = follower_file(pool, name);
  auto file = open_locked(position.path_, name);
  if (!file) return std::unexpected(std::move(file.error()));
  position.file_ = std::move(*file);
  if (auto read = position.read(); !read) return std::unexpected(std::move(read.error()));
  return position;
}

Result<void> FollowerPosition::read() {
  std::string text(kFileBytes + 1, '\0');
  const ssize_t size = ::pread(file_.get(), text.data(), text.size(), 0);
  if (size < 0)
    return std::unexpected(
        errno_error(errno, "failed to read the follower's position", path_.string()));
  text.resize(static_cast<size_t>(size));
  for (size_t at = 0; at + kLineBytes <= text.size() && at < kFileBytes; at += kLineBytes) {
    const auto line = parse_line(std::string_view(text).substr(at, kLineBytes));
    if (!line || (place_ && line->generation < generation_)) continue;
    place_ = line->place;
    generation_ = line->generation;
  }
  if (!place_ && is_later_version(text)) {
    return std::unexpected(
        Error(ErrorKind::Usage, "the follower's position is of a later version")
            .with_path(path_.string())
            .with_hint("Use the newer plasmite that wrote it, or another --name."));
  }
  was_damaged_ = !place_ && !text.empty();
  return {};
}

Result<void> FollowerPosition::save(const Place& place) {
  const bool first = generation_ == 0;
  const Line line{.place = place, .generation = generation_ + 1};
  const std::string text = format_line(line);
  const auto write = [&](uint64_t slot) {
    const auto offset = static_cast<off_t>(slot * kLineBytes);
    return ::pwrite(file_.get(), text.data(), text.size(), offset) ==
           static_cast<ssize_t>(text.size());
  };
  // The very first fills both lines, so that later ones never need space.
  const uint64_t slot = line.generation % 2;
  if ((first && !write(1 - slot)) || !write(slot)) {
    return std::unexpected(
        errno_error(errno, "failed to save the follower's position", path_.string())
            .with_hint(
                "What was printed since will be printed again next time. Is the disk full?"));
  }
  generation_ = line.generation;
  place_ = place;
  if (!first) return {};
  if (auto synced = sync(); !synced) return synced;
  return sync_directory(path_);
}

Result<void> FollowerPosition::sync() {
  if (::fdatasync(file_.get()) == 0) return {};
  return std::unexpected(
      errno_error(errno, "failed to sync the follower's position", path_.string()));
}

}  // namespace plasmite
