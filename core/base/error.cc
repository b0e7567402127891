#include "core/base/error.h"

#include <cerrno>
#include <cstring>

namespace plasmite {

std::string_view error_kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Internal: return "Internal";
    case ErrorKind::Usage: return "Usage";
    case ErrorKind::NotFound: return "NotFound";
    case ErrorKind::AlreadyExists: return "AlreadyExists";
    case ErrorKind::Busy: return "Busy";
    case ErrorKind::Permission: return "Permission";
    case ErrorKind::Corrupt: return "Corrupt";
    case ErrorKind::Io: return "Io";
    case ErrorKind::RetentionGap: return "RetentionGap";
  }
  return "Internal";
}

int error_exit_code(ErrorKind kind) { return static_cast<int>(kind); }

static ErrorKind kind_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT: return ErrorKind::NotFound;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorKind::Permission;
    case EEXIST: return ErrorKind::AlreadyExists;
    default: return ErrorKind::Io;
  }
}

static std::string hint_of_errno(int error_number) {
  switch (error_number) {
    case ENOSPC: return "Free space on this filesystem, or choose a smaller size.";
    case EDQUOT: return "The disk quota is used up: free space or raise the quota.";
    case EMFILE: return "Too many open files: raise the limit (ulimit -n).";
    case ENOMEM: return "Not enough memory or address space for the mapping.";
    case EFBIG: return "The file would exceed the filesystem's or the process's size limit (ulimit -f).";
    default: return {};
  }
}

Error errno_error(int error_number, std::string message, std::string path) {
  // Thread-safe and untranslated, where strerror is neither.
  const char* text = ::strerrordesc_np(error_number);
  std::string cause = std::string(text ? text : "unknown error") + " (os error " +
                      std::to_string(error_number) + ")";
  Error error(kind_of_errno(error_number), std::move(message));
  if (!path.empty()) error = std::move(error).with_path(std::move(path));
  if (auto hint = hint_of_errno(error_number); !hint.empty())
    error = std::move(error).with_hint(std::move(hint));
  return std::move(error).with_cause(std::move(cause));
}

}  // namespace plasmite
