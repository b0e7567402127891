// The one error type. A function that can fail returns Result<T>; the kind is stable and maps to
// exit codes and HTTP statuses, the message says what happened, the hint what to do next.
// Thread-safety: a plain value.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plasmite {

// Stable across releases: numbers are exit codes, names appear in JSON.
enum class ErrorKind : uint8_t {
  Internal = 1,       // a bug in this program
  Usage = 2,          // the request cannot be meant this way: options, values, input text, limits
  NotFound = 3,       // no such pool, or no such sequence
  AlreadyExists = 4,  // something to be created is there
  Busy = 5,           // a lock was not to be had within its deadline
  Permission = 6,     // the operating system refuses access
  Corrupt = 7,        // stored bytes are not what was written
  Io = 8,             // a system call failed for another reason
  RetentionGap = 9,   // the wanted records were retired to make room for newer ones
};

class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), details_(std::make_unique<Details>()) {
    details_->message = std::move(message);
  }
  Error(const Error& other)
      : kind_(other.kind_), details_(std::make_unique<Details>(*other.details_)) {}
  Error(Error&&) noexcept = default;
  Error& operator=(const Error& other) {
    if (this != &other) *this = Error(other);
    return *this;
  }
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return details_->message; }
  const std::string& hint() const { return details_->hint; }  // empty: none
  const std::string& path() const { return details_->path; }  // empty: none
  std::optional<uint64_t> seq() const { return details_->seq; }
  std::optional<uint64_t> offset() const { return details_->offset; }
  // What led to this error, outermost first.
  const std::vector<std::string>& causes() const { return details_->causes; }

  Error&& with_hint(std::string hint) && {
    details_->hint = std::move(hint);
    return std::move(*this);
  }
  Error&& with_path(std::string path) && {
    details_->path = std::move(path);
    return std::move(*this);
  }
  Error&& with_seq(uint64_t seq) && {
    details_->seq = seq;
    return std::move(*this);
  }
  Error&& with_offset(uint64_t offset) && {
    details_->offset = offset;
    return std::move(*this);
  }
  Error&& with_cause(std::string cause) && {
    details_->causes.push_back(std::move(cause));
    return std::move(*this);
  }

 private:
  struct Details {
    std::string message;
    std::string hint;
    std::string path;
    std::optional<uint64_t> seq;
    std::optional<uint64_t> offset;
    std::vector<std::string> causes;
  };

  ErrorKind kind_;
  std::unique_ptr<Details> details_;  // one pointer wide, so that success stays cheap to return
};

template <class T>
using Result = std::expected<T, Error>;

// "NotFound" and so on: the spelling used in JSON.
std::string_view error_kind_name(ErrorKind kind);

// The process exit code for a command that failed with `kind`.
int error_exit_code(ErrorKind kind);

// The one place where errno becomes an Error: ENOENT -> NotFound, EACCES/EPERM/EROFS -> Permission,
// EEXIST -> AlreadyExists, everything else -> Io. The errno text becomes the cause.
Error errno_error(int error_number, std::string message, std::string path = {});

}  // namespace plasmite
