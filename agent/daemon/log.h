// The agent's log: lines on stderr, through spdlog. A line is "TIME LEVEL message key=value …", or
// under systemd "<N>message key=value …", where N is journald's priority and the time is its own.
// What comes from outside is escaped, so that a line is one line. A line that comes again and again
// is written kBurst times per kWindow; when that is over, the next line of any kind has it told how
// often it was left out. What stderr does not take is left out as well, and counted
// (log_output.h). Never the body of a record. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/mutex.h"

namespace spdlog {
class logger;
}

namespace plasmite {

enum class LogLevel : uint8_t { debug, info, warning, error };

// "debug", "info", "warning", "error"; anything else is info.
LogLevel log_level_of(std::string_view name);

// Whether stderr is journald's: $JOURNAL_STREAM names its device and inode.
bool stderr_is_journal();

class Log {
 public:
  using Clock = std::chrono::steady_clock;
  using Write = std::function<void(std::string_view line)>;
  struct Field {
    std::string_view key;
    std::string_view value;
  };
  using Fields = std::initializer_list<Field>;

  static constexpr std::chrono::seconds kWindow{30};
  static constexpr uint32_t kBurst = 3;

  struct Options {
    LogLevel level = LogLevel::info;
    bool for_journal = false;
    int fd = 2;
    Write write = nullptr;  // instead of `fd`: tests
    std::function<Clock::time_point()> now = Clock::now;
  };
  explicit Log(Options options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(LogLevel level);
  void debug(std::string_view message, Fields fields = {}) {
    add(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, Fields fields = {}) { add(LogLevel::info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) {
    add(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, Fields fields = {}) {
    add(LogLevel::error, message, fields);
  }
  void add(LogLevel level, std::string_view message, Fields fields);

 private:
  struct Repeated {
    Clock::time_point since;
    LogLevel level = LogLevel::info;
    uint32_t written = 0;
    uint64_t left_out = 0;
  };
  // How many lines like this one were left out before it; none: this one is left out as well.
  std::optional<uint64_t> admit(LogLevel level, const std::string& line) REQUIRES(mutex_);
  void tell_repeated(LogLevel level, const std::string& line, uint64_t left_out) REQUIRES(mutex_);
  // Tells of lines other than this one whose time is over, and forgets them.
  void end_windows(Clock::time_point now, const std::string& line) REQUIRES(mutex_);

  const std::function<Clock::time_point()> now_;
  mutable Mutex mutex_;
  std::shared_ptr<spdlog::logger> logger_ GUARDED_BY(mutex_);
  std::map<std::string, Repeated> repeated_ GUARDED_BY(mutex_);
};

// "kind: message (path): cause. Hint", on one line.
std::string describe(const Error& error);

}  // namespace plasmite
