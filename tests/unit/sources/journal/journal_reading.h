// Reads journals as a source does, for tests.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sources/journal/journal_reader.h"
#include "tests/support/journal_maker.h"
#include "tests/support/must.h"

namespace plasmite {

struct Read {
  std::vector<std::string> messages;
  std::vector<std::string> cursors;      // of each message
  std::vector<std::string> checkpoints;  // after each message
  std::vector<JournalGap> gaps;
  uint64_t unreadable = 0;
};

inline std::string value_of(std::string_view record, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const size_t at = record.find(key);
  if (at == record.npos) return "";
  const size_t begin = at + key.size();
  return std::string(record.substr(begin, record.find('"', begin) - begin));
}

inline JournalOptions folder(const std::filesystem::path& path,
                             JournalStart::Kind start = JournalStart::Kind::oldest) {
  return {.place = {.kind = JournalPlace::Kind::directory, .paths = {path.string()}},
          .matches = {},
          .start = {.kind = start}};
}

inline Read read_on(JournalReader& reader) {
  Read read;
  for (;;) {
    const JournalReader::Step step = reader.next();
    if (auto gap = reader.take_gap()) read.gaps.push_back(*gap);
    if (step == JournalReader::Step::end) return read;
    if (step == JournalReader::Step::failed) {
      must(reader.recover());
      continue;
    }
    if (step == JournalReader::Step::unreadable) ++read.unreadable;
    if (step != JournalReader::Step::entry) continue;
    read.messages.push_back(value_of(reader.text().view(), "MESSAGE"));
    read.cursors.push_back(reader.position());
    read.checkpoints.push_back(reader.checkpoint());
  }
}

inline Read read_all(const JournalOptions& options, const std::string& from = "",
                     JournalReaderSettings settings = {}) {
  auto reader = must(JournalReader::open(options, std::move(settings)));
  must(reader->begin(from));
  return read_on(*reader);
}

inline std::vector<std::string> entries(int first, int last) {
  std::vector<std::string> messages;
  for (int i = first; i <= last; ++i) messages.push_back("entry " + std::to_string(i));
  return messages;
}

// Files of one series of numbers, as journald makes them by rotating: entries 0..per_file-1 in the
// first, and so on. From one to the next the clock steps back.
inline std::vector<std::filesystem::path> make_rotated(const std::filesystem::path& dir, int files,
                                                       int per_file) {
  std::vector<std::filesystem::path> paths;
  for (int file = 0; file < files; ++file) {
    std::string text;
    for (int i = 0; i < per_file; ++i) {
      const auto index = static_cast<uint64_t>(file * per_file + i);
      const uint64_t time = kJournalTime + index * 1000 - static_cast<uint64_t>(file) * 10'000'000;
      text += ExportEntry(time, 1'000'000 + index * 1000)
                  .text("MESSAGE", "entry " + std::to_string(index))
                  .text("PARITY", index % 2 == 0 ? "even" : "odd")
                  .bytes();
    }
    paths.push_back(dir / ("a@" + std::to_string(file) + ".journal"));
    make_journal(paths.back(), text);
    renumber_journal(paths.back(), 7, static_cast<uint64_t>(1 + file * per_file));
  }
  return paths;
}

}  // namespace plasmite
