#include "sources/journal/journal_handle.h"

#include <cerrno>
#include <vector>

namespace plasmite {

namespace {

int open_place(sd_journal** journal, const JournalPlace& place) {
  switch (place.kind) {
    case JournalPlace::Kind::local:
      return sd_journal_open(journal, SD_JOURNAL_LOCAL_ONLY);
    case JournalPlace::Kind::directory:
      return sd_journal_open_directory(journal, place.paths.front().c_str(), 0);
    case JournalPlace::Kind::files: {
      std::vector<const char*> paths;
      paths.reserve(place.paths.size() + 1);
      for (const std::string& path : place.paths) paths.push_back(path.c_str());
      paths.push_back(nullptr);
      return sd_journal_open_files(journal, paths.data(), 0);
    }
    case JournalPlace::Kind::name_space:
      break;
  }
  std::string_view name = place.name_space;
  int flags = SD_JOURNAL_LOCAL_ONLY;
  if (name == "*")
    return sd_journal_open_namespace(journal, nullptr, flags | SD_JOURNAL_ALL_NAMESPACES);
  if (name.starts_with('+')) {
    name.remove_prefix(1);
    flags |= SD_JOURNAL_INCLUDE_DEFAULT_NAMESPACE;
  }
  return sd_journal_open_namespace(journal, std::string(name).c_str(), flags);
}

}  // namespace

Error journal_error(int result, std::string what) {
  const int number = -result;
  if (number == EBADMSG || number == ENODATA || number == EPROTONOSUPPORT)
    return Error(ErrorKind::Corrupt, std::move(what))
        .with_cause("error " + std::to_string(number) + " of sd-journal")
        .with_hint("journalctl --verify tells which file is damaged.");
  return errno_error(number, std::move(what));
}

Result<JournalHandle> open_journal(const JournalPlace& place, bool watched) {
  sd_journal* opened = nullptr;
  if (const int result = open_place(&opened, place); result < 0)
    return std::unexpected(journal_error(result, "cannot open the journal"));
  JournalHandle journal(opened);
  // 0: fields are never cut.
  if (const int result = sd_journal_set_data_threshold(opened, 0); result < 0)
    return std::unexpected(journal_error(result, "cannot open the journal"));
  if (!watched) return journal;
  // From here on it watches its folders, so that no file can come unnoticed.
  if (const int result = sd_journal_get_fd(opened); result < 0)
    return std::unexpected(
        journal_error(result, "cannot watch the journal")
            .with_hint("Raise fs.inotify.max_user_instances and fs.inotify.max_user_watches."));
  return journal;
}

}  // namespace plasmite
