#include "agent/daemon/log.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "agent/daemon/log_output.h"
#include "agent/output/terminal_text.h"

namespace plasmite {
namespace {

// Lines that are told apart. More different ones at a time are not held back by each other.
constexpr size_t kMostRepeated = 128;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// syslog's numbers, as sd-daemon(3) has them.
class JournalPriority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    constexpr std::string_view kDebug = "<7>", kInfo = "<6>", kWarning = "<4>", kError = "<3>";
    const std::string_view text = message.level == spdlog::level::debug  ? kDebug
                                  : message.level == spdlog::level::info ? kInfo
                                  : message.level == spdlog::level::warn ? kWarning
                                                                         : kError;
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalPriority>();
  }
};

// Where a line goes; false: it did not get there.
using Put = std::function<bool(std::string_view line)>;

class PatientSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit PatientSink(Put put) : put_(std::move(put)) {}
  ~PatientSink() override { (void)told_of_lost(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!told_of_lost() || !write(message)) ++lost_;
  }
  void flush_() override {}

  bool write(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    return put_(std::string_view(line.data(), line.size()));
  }

  // Before anything else is written again.
  bool told_of_lost() {
    if (lost_ == 0) return true;
    const std::string text = std::to_string(lost_) + (lost_ == 1 ? " line was" : " lines were") +
                             " not written: nobody read stderr, or it had no room";
    if (!write({"agent", spdlog::level::warn, text})) return false;
    lost_ = 0;
    return true;
  }

  Put put_;
  uint64_t lost_ = 0;
};

Put put_into(Log::Options& options) {
  if (!options.write)
    return [output = std::make_shared<LogOutput>(options.fd)](std::string_view line) {
      return output->write(line);
    };
  return [write = std::move(options.write)](std::string_view line) {
    write(line);
    return true;
  };
}

std::unique_ptr<spdlog::formatter> make_formatter(bool for_journal) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JournalPriority>('*').set_pattern(
      for_journal ? "%*%v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v");
  return formatter;
}

bool is_bare(std::string_view value) {
  return !value.empty() && std::ranges::none_of(value, [](char c) {
    return c == ' ' || c == '"' || c == '=' || c == '\\';
  });
}

void append_field(std::string& line, const Log::Field& field) {
  const std::string shown = escape_for_terminal(field.value);
  line += ' ';
  line += field.key;
  line += '=';
  if (is_bare(shown)) {
    line += shown;
    return;
  }
  line += '"';
  for (const char c : shown) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

LogLevel log_level_of(std::string_view name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warning") return LogLevel::warning;
  if (name == "error") return LogLevel::error;
  return LogLevel::info;
}

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (stream == nullptr || ::fstat(2, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

Log::Log(Options options) : now_(std::move(options.now)) {
  auto sink = std::make_shared<PatientSink>(put_into(options));
  const MutexLock lock(mutex_);
  logger_ = std::make_shared<spdlog::logger>("agent", std::move(sink));
  logger_->set_formatter(make_formatter(options.for_journal));
  logger_->set_level(spdlog_level(options.level));
}

Log::~Log() {
  const MutexLock lock(mutex_);
  for (const auto& [line, repeated] : repeated_)
    tell_repeated(repeated.level, line, repeated.left_out);
}

void Log::set_level(LogLevel level) {
  const MutexLock lock(mutex_);
  logger_->set_level(spdlog_level(level));
}

void Log::tell_repeated(LogLevel level, const std::string& line, uint64_t left_out) {
  if (left_out != 0)
    logger_->log(spdlog_level(level), line + " repeated=" + std::to_string(left_out));
}

void Log::end_windows(Clock::time_point now, const std::string& line) {
  std::erase_if(repeated_, [&](const auto& entry) REQUIRES(mutex_) {
    const auto& [other, repeated] = entry;
    if (now - repeated.since < kWindow || other == line) return false;
    tell_repeated(repeated.level, other, repeated.left_out);
    return true;
  });
}

std::optional<uint64_t> Log::admit(LogLevel level, const std::string& line) {
  const Clock::time_point now = now_();
  end_windows(now, line);
  const auto found = repeated_.find(line);
  if (found == repeated_.end()) {
    if (repeated_.size() < kMostRepeated)
      repeated_[line] = {.since = now, .level = level, .written = 1};
    return 0;
  }
  Repeated& repeated = found->second;
  if (now - repeated.since >= kWindow) {
    const uint64_t left_out = repeated.left_out;
    repeated = {.since = now, .level = level, .written = 1};
    return left_out;
  }
  if (repeated.written < kBurst) {
    ++repeated.written;
    return 0;
  }
  ++repeated.left_out;
  return std::nullopt;
}

void Log::add(LogLevel level, std::string_view message, Fields fields) {
  std::string line = escape_for_terminal(message);
  for (const Field& field : fields) append_field(line, field);
  const MutexLock lock(mutex_);
  if (!logger_->should_log(spdlog_level(level))) return;
  const auto left_out = admit(level, line);
  if (!left_out) return;
  if (*left_out != 0) line += " repeated=" + std::to_string(*left_out);
  logger_->log(spdlog_level(level), line);
}

std::string describe(const Error& error) {
  std::string text(error_kind_name(error.kind()));
  text += ": " + error.message();
  if (!error.path().empty()) text += " (" + error.path() + ")";
  if (!error.causes().empty()) text += ": " + error.causes().front();
  if (!error.hint().empty()) text += ". " + error.hint();
  return text;
}

}  // namespace plasmite
