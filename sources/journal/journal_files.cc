#include "sources/journal/journal_files.h"

#include <endian.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "core/base/unique_fd.h"

namespace plasmite {

namespace {

namespace fs = std::filesystem;

enum class FileState : uint8_t { readable, denied, damaged, gone };

// The front of a journal file (https://systemd.io/JOURNAL_FILE_FORMAT/).
constexpr size_t kHeaderBytes = 208;  // what every version has
constexpr size_t kHeaderSizeAt = 88;
constexpr size_t kArenaSizeAt = 96;
constexpr size_t kBootIdAt = 56;  // of who wrote last
constexpr size_t kSeqnumIdAt = 72;
constexpr size_t kTailSeqnumAt = 160;
constexpr size_t kHeadSeqnumAt = 168;
constexpr size_t kHeadRealtimeAt = 184;
constexpr size_t kTailRealtimeAt = 192;
constexpr size_t kTailMonotonicAt = 200;

uint64_t raw_at(const std::array<char, kHeaderBytes>& header, size_t at) {
  uint64_t value = 0;
  std::memcpy(&value, header.data() + at, sizeof value);
  return value;
}

uint64_t number_at(const std::array<char, kHeaderBytes>& header, size_t at) {
  return le64toh(raw_at(header, at));
}

JournalId id_at(const std::array<char, kHeaderBytes>& header, size_t at) {
  return {.high = be64toh(raw_at(header, at)), .low = be64toh(raw_at(header, at + 8))};
}

std::optional<JournalFiles::Range> range_in(const std::array<char, kHeaderBytes>& header) {
  const uint64_t first = number_at(header, kHeadSeqnumAt);
  if (first == 0) return std::nullopt;
  JournalFiles::Range range;
  range.first.seqnum_id = range.last.seqnum_id = id_at(header, kSeqnumIdAt);
  range.first.seqnum = first;
  range.first.realtime_us = number_at(header, kHeadRealtimeAt);
  range.last.seqnum = number_at(header, kTailSeqnumAt);
  range.last.boot_id = id_at(header, kBootIdAt);
  range.last.monotonic_us = number_at(header, kTailMonotonicAt);
  range.last.realtime_us = number_at(header, kTailRealtimeAt);
  return range;
}

FileState look_at(const std::string& path, std::optional<JournalFiles::Range>& range) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == EACCES || errno == EPERM) return FileState::denied;
    return errno == ENOENT ? FileState::gone : FileState::damaged;
  }
  struct stat status = {};
  std::array<char, kHeaderBytes> header{};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return FileState::damaged;
  if (::pread(fd.get(), header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()))
    return FileState::damaged;
  if (std::memcmp(header.data(), "LPKSHHRH", 8) != 0) return FileState::damaged;
  const uint64_t header_bytes = number_at(header, kHeaderSizeAt);
  const uint64_t arena_bytes = number_at(header, kArenaSizeAt);
  const auto size = static_cast<uint64_t>(status.st_size);
  if (header_bytes > size || arena_bytes > size - header_bytes) return FileState::damaged;
  range = range_in(header);
  return FileState::readable;
}

void count(JournalFiles& files, const std::string& path) {
  std::optional<JournalFiles::Range> range;
  switch (look_at(path, range)) {
    case FileState::readable:
      ++files.readable;
      if (!range) return;
      range->path = path;
      range->is_runtime = path.starts_with("/run/");
      if (range->is_runtime) ++files.runtime;
      files.ranges.push_back(*range);
      return;
    case FileState::denied:
      if (files.denied++ == 0) files.first_denied = path;
      return;
    case FileState::damaged:
      if (files.damaged++ == 0) files.first_damaged = path;
      return;
    case FileState::gone:
      return;
  }
}

bool is_journal_name(std::string_view name) {
  return name.ends_with(".journal") || name.ends_with(".journal~");
}

// Calls visit(entry) for each; a folder that may not be listed counts as one file that may not be
// read.
template <class Visitor>
std::error_code each_entry(const fs::path& folder, JournalFiles& files, Visitor&& visit) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    visit(*at);
  if (error == std::errc::permission_denied && files.denied++ == 0)
    files.first_denied = folder.string();
  return error;
}

std::error_code count_folder(JournalFiles& files, const fs::path& folder) {
  return each_entry(folder, files, [&](const fs::directory_entry& entry) {
    if (is_journal_name(entry.path().filename().string())) count(files, entry.path().string());
  });
}

std::string machine_id() {
  sd_id128_t id;
  char digits[SD_ID128_STRING_MAX];
  return sd_id128_get_machine(&id) < 0 ? "" : sd_id128_to_string(id, digits);
}

// Whether sd-journal looks into this folder below /var/log/journal or /run/log/journal.
bool is_wanted_folder(const JournalPlace& place, const std::string& name,
                      const std::string& machine) {
  if (place.kind != JournalPlace::Kind::name_space) return name == machine;
  const std::string& wanted = place.name_space;
  if (wanted == "*") return name == machine || name.starts_with(machine + ".");
  if (wanted.starts_with('+')) return name == machine || name == machine + "." + wanted.substr(1);
  return name == machine + "." + wanted;
}

JournalFiles look_at_machine(const JournalPlace& place) {
  JournalFiles files;
  const std::string machine = machine_id();
  for (const char* root : {"/run/log/journal", "/var/log/journal"}) {
    (void)each_entry(root, files, [&](const fs::directory_entry& entry) {
      const std::string name = entry.path().filename().string();
      if (is_wanted_folder(place, name, machine)) (void)count_folder(files, entry.path());
      // Files right there are of the default namespace.
      if (place.kind == JournalPlace::Kind::local && is_journal_name(name))
        count(files, entry.path().string());
    });
  }
  return files;
}

Result<JournalFiles> look_at_folder(const std::string& path) {
  JournalFiles files;
  const auto error = each_entry(path, files, [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (is_journal_name(name))
      count(files, entry.path().string());
    else if (name.size() >= 32 && entry.is_directory(ignored))  // a machine's id
      (void)count_folder(files, entry.path());
  });
  if (error && error != std::errc::permission_denied)
    return std::unexpected(errno_error(error.value(), "cannot read the journal folder", path)
                               .with_hint("Check the path of the journal."));
  return files;
}

std::string user_name() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found)
    return found->pw_name;
  return "$(id -un)";
}

}  // namespace

bool JournalFiles::is_runtime(const JournalId& seqnum_id) const {
  return runtime > 0 && std::ranges::any_of(ranges, [&](const Range& range) {
           return range.is_runtime && range.first.seqnum_id == seqnum_id;
         });
}

bool JournalFiles::has(const JournalId& seqnum_id) const {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return range.first.seqnum_id == seqnum_id; });
}

bool JournalFiles::are_of_one_series() const {
  return std::ranges::all_of(ranges, [&](const Range& range) {
    return range.first.seqnum_id == ranges.front().first.seqnum_id;
  });
}

Result<JournalFiles> look_at_journal_files(const JournalPlace& place) {
  if (place.kind == JournalPlace::Kind::directory) return look_at_folder(place.paths.front());
  if (place.kind != JournalPlace::Kind::files) return look_at_machine(place);
  JournalFiles files;
  for (const std::string& path : place.paths) {
    std::error_code error;
    if (!fs::exists(path, error) && !error)
      return std::unexpected(
          errno_error(ENOENT, "no such journal file", path)
              .with_hint("Check the path, or name the folder with --directory."));
    count(files, path);
  }
  return files;
}

Result<JournalFiles> require_journal_files(const JournalPlace& place) {
  auto files = look_at_journal_files(place);
  if (!files || files->readable > 0) return files;
  if (files->denied > 0)
    return std::unexpected(
        Error(ErrorKind::Permission, "no journal file may be read")
            .with_path(files->first_denied)
            .with_hint("Add the user to the group that may read the journal: usermod -aG "
                       "systemd-journal " +
                       user_name() + ", then log in or start the service again."));
  if (files->damaged > 0)
    return std::unexpected(Error(ErrorKind::Corrupt, "no journal file is intact")
                               .with_path(files->first_damaged)
                               .with_hint("journalctl --verify tells what is wrong with it."));
  const bool is_folder = place.kind == JournalPlace::Kind::directory;
  auto error = Error(ErrorKind::NotFound, "there are no journal files");
  if (is_folder)
    return std::unexpected(std::move(error)
                               .with_path(place.paths.front())
                               .with_hint("Name the folder that holds the *.journal files."));
  return std::unexpected(
      std::move(error).with_hint("Is journald running? systemctl status systemd-journald"));
}

bool has_several_namespaces(const JournalPlace& place) {
  return place.kind == JournalPlace::Kind::name_space &&
         (place.name_space == "*" || place.name_space.starts_with('+'));
}

std::vector<JournalPlace> split_namespaces(const JournalPlace& place) {
  JournalFiles ignored;
  std::set<std::string> names;
  const std::string machine = machine_id();
  for (const char* root : {"/run/log/journal", "/var/log/journal"}) {
    (void)each_entry(root, ignored, [&](const fs::directory_entry& entry) {
      const std::string name = entry.path().filename().string();
      if (name.size() > machine.size() + 1 && is_wanted_folder(place, name, machine))
        names.insert(name.substr(machine.size() + 1));
    });
  }
  std::vector<JournalPlace> places{{.kind = JournalPlace::Kind::local}};
  for (const std::string& name : names) {
    JournalPlace one{.kind = JournalPlace::Kind::name_space, .name_space = name};
    // journald makes no such names.
    if (!has_several_namespaces(one)) places.push_back(std::move(one));
  }
  return places;
}

}  // namespace plasmite
