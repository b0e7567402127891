// Journals for tests, made by systemd-journal-remote from entries that a test describes. Without
// that tool (package systemd-journal-remote) the test fails.
#pragma once

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace plasmite {

// One entry in the journal export format.
class ExportEntry {
 public:
  ExportEntry(uint64_t realtime_us, uint64_t monotonic_us, uint64_t boot = 1) {
    text("__REALTIME_TIMESTAMP", std::to_string(realtime_us));
    text("__MONOTONIC_TIMESTAMP", std::to_string(monotonic_us));
    text("_BOOT_ID", boot_digits(boot));
  }
  ExportEntry& text(std::string_view name, std::string_view value) {
    bytes_.append(name).append("=").append(value).append("\n");
    return *this;
  }
  ExportEntry& binary(std::string_view name, std::string_view value) {
    const uint64_t size = value.size();  // little-endian, as everything we run on
    bytes_.append(name).append("\n");
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof size).append(value).append("\n");
    return *this;
  }
  std::string bytes() const { return bytes_ + "\n"; }

  static std::string boot_digits(uint64_t boot) {
    std::string digits = std::to_string(boot);
    return std::string(32 - digits.size(), '0') + digits;
  }

 private:
  std::string bytes_;
};

inline constexpr uint64_t kJournalTime = 1'760'000'000'000'000;

// Entry `index` of a plain journal, one a millisecond: MESSAGE is "entry INDEX".
inline ExportEntry plain_entry(uint64_t index, uint64_t boot = 1) {
  ExportEntry entry(kJournalTime + index * 1000, 1'000'000 + index * 1000, boot);
  entry.text("MESSAGE", "entry " + std::to_string(index)).text("PRIORITY", "6");
  return entry;
}

// Imports the text into FILE.journal; numbers go on in the file if it exists.
inline void make_journal(const std::filesystem::path& file, std::string_view export_text) {
  const char* tool = "/lib/systemd/systemd-journal-remote";
  PLASMITE_CHECK(::access(tool, X_OK) == 0);  // install systemd-journal-remote
  std::filesystem::create_directories(file.parent_path());
  const std::filesystem::path input = file.string() + ".export";
  std::ofstream(input, std::ios::binary) << export_text;
  const std::string output = "--output=" + file.string();
  const char* argv[] = {tool, output.c_str(), input.c_str(), nullptr};
  pid_t child = -1;
  posix_spawn_file_actions_t actions;
  PLASMITE_CHECK(posix_spawn_file_actions_init(&actions) == 0);
  PLASMITE_CHECK(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0) == 0);
  PLASMITE_CHECK(
      posix_spawn(&child, tool, &actions, nullptr, const_cast<char* const*>(argv), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  PLASMITE_CHECK(::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                 WEXITSTATUS(status) == 0);
  std::filesystem::remove(input);
}

// Numbers the entries of a file anew: first, first + 1, ... of the series `series`. So files can be
// made as they come about when journald rotates, which the importer does not do at will.
// https://systemd.io/JOURNAL_FILE_FORMAT/
inline void renumber_journal(const std::filesystem::path& path, uint64_t series, uint64_t first) {
  std::string file;
  {
    std::ifstream in(path, std::ios::binary);
    file.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto get = [&](size_t at) {
    uint64_t value = 0;
    std::memcpy(&value, file.data() + at, sizeof value);
    return value;
  };
  const auto put = [&](size_t at, uint64_t value) {
    std::memcpy(file.data() + at, &value, sizeof value);
  };
  constexpr size_t kSeriesAt = 72, kHeaderSizeAt = 88, kTailObjectAt = 136, kEntriesAt = 152;
  constexpr size_t kTailNumberAt = 160, kHeadNumberAt = 168;
  constexpr char kEntryObject = 3;
  put(kSeriesAt, series);
  put(kSeriesAt + 8, series);
  put(kHeadNumberAt, first);
  put(kTailNumberAt, first + get(kEntriesAt) - 1);
  for (size_t at = get(kHeaderSizeAt);; at += (get(at + 8) + 7) & ~uint64_t{7}) {
    if (file[at] == kEntryObject) put(at + 16, first++);
    if (at >= get(kTailObjectAt)) break;
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
}

inline std::string plain_entries(uint64_t first, uint64_t last, uint64_t boot = 1) {
  std::string text;
  for (uint64_t i = first; i <= last; ++i) text += plain_entry(i, boot).bytes();
  return text;
}

}  // namespace plasmite
