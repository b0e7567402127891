#include "agent/daemon/log.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

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

class CallbackSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit CallbackSink(Log::Write write) : write_(std::move(write)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    write_(std::string_view(line.data(), line.size()));
  }
  void flush_() override {}

  Log::Write write_;
};

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
  spdlog::sink_ptr sink;
  if (options.write) {
    sink = std::make_shared<CallbackSink>(std::move(options.write));
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
  }
  const MutexLock lock(mutex_);
  logger_ = std::make_shared<spdlog::logger>("agent", std::move(sink));
  logger_->set_formatter(make_formatter(options.for_journal));
  logger_->set_level(spdlog_level(options.level));
}

Log::~Log() {
  const MutexLock lock(mutex_);
  for (const auto& [line, repeated] : repeated_) {
    if (repeated.left_out == 0) continue;
    logger_->log(spdlog::level::info, line + " repeated=" + std::to_string(repeated.left_out));
  }
}

void Log::set_level(LogLevel level) {
  const MutexLock lock(mutex_);
  logger_->set_level(spdlog_level(level));
}

std::optional<uint64_t> Log::admit(const std::string& line) {
  const Clock::time_point now = now_();
  const auto found = repeated_.find(line);
  if (found == repeated_.end()) {
    std::erase_if(repeated_, [&](const auto& entry) {
      return entry.second.left_out == 0 && now - entry.second.since >= kWindow;
    });
    if (repeated_.size() < kMostRepeated) repeated_[line] = {.since = now, .written = 1};
    return 0;
  }
  Repeated& repeated = found->second;
  if (now - repeated.since >= kWindow) {
    const uint64_t left_out = repeated.left_out;
    repeated = {.since = now, .written = 1};
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
  const auto left_out = admit(line);
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
