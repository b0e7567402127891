#include "core/filter/engine/filter_worker.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/filter/engine/jq_program.h"
#include "core/filter/engine/jq_value.h"
#include "core/filter/engine/worker_limits.h"
#include "core/filter/filter.h"

namespace plasmite {
namespace {

// A request as it came; the memory is kept from one to the next unless it was huge.
class Request {
 public:
  // False: nobody asks any more.
  bool receive() {
    FilterRequestHeader header{};
    if (!receive_all(&header, sizeof header)) return false;
    sizes_.resize(header.count);
    if (!receive_all(sizes_.data(), sizes_.size() * sizeof(uint32_t))) return false;
    constexpr uint64_t kKeepBytes = 4u << 20;
    const uint64_t wanted = header.bytes + simdjson::SIMDJSON_PADDING;
    if (wanted > capacity_ || (capacity_ > kKeepBytes && wanted <= kKeepBytes)) {
      texts_.reset();
      texts_ = std::make_unique_for_overwrite<char[]>(wanted);
      capacity_ = wanted;
    }
    std::memset(texts_.get() + header.bytes, 0, simdjson::SIMDJSON_PADDING);
    return receive_all(texts_.get(), header.bytes);
  }

  template <class Visitor>  // Visitor(std::string_view text), false: stop
  bool for_each(Visitor&& visit) const {
    const char* at = texts_.get();
    for (const uint32_t size : sizes_) {
      if (!visit(std::string_view(at, size))) return false;
      at += size;
    }
    return true;
  }

 private:
  static bool receive_all(void* data, size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t got = ::recv(STDIN_FILENO, at, size, MSG_WAITALL);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  }

  std::vector<uint32_t> sizes_;
  std::unique_ptr<char[]> texts_;
  uint64_t capacity_ = 0;
};

class Worker {
 public:
  explicit Worker(FilterReach reach) : reach_(reach) {}

  bool compile(const Request& request) {
    std::string messages;
    const bool compiled = request.for_each([&](std::string_view text) {
      working_on(static_cast<uint32_t>(programs_.size()));
      begin_work();
      auto program = JqProgram::compile(std::string(text), reach_, on_no_memory, messages);
      end_work();
      if (!program) return false;
      programs_.push_back(std::move(program));
      return true;
    });
    answer(compiled ? FilterReply::ready : FilterReply::compile_error,
           static_cast<uint32_t>(programs_.size()), messages);
    return compiled;
  }

  bool judge(const Request& request) {
    const bool all = request.for_each([&](std::string_view text) {
      working_on(0);
      begin_work();
      const FilterVerdict verdict = judge(text);
      end_work();
      if (!not_boolean_.empty()) {
        answer(FilterReply::not_boolean, judging_, not_boolean_);
        return false;
      }
      if (verdict == FilterVerdict::failed && !error_was_told_) {
        answer(FilterReply::runtime_error, judging_, error_);
        error_was_told_ = true;
      }
      add_verdict(static_cast<uint8_t>(verdict));
      if (verdicts_are_due()) flush_verdicts();
      return true;
    });
    flush_verdicts();
    return all;
  }

 private:
  static void answer(FilterReply kind, uint32_t program, const std::string& text) {
    reply({.kind = kind, .program = program, .detail = 0, .size = 0}, text);
  }

  // All programs in their order, up to the first that does not hold.
  FilterVerdict judge(std::string_view text) {
    jv message = reader_.read(text);
    judging_ = 0;
    if (jv_is_valid(message) == 0) {
      jv why = jv_invalid_get_msg(message);
      if (jv_get_kind(why) == JV_KIND_STRING)
        error_ = std::string("not JSON: ") + jv_string_value(why);
      jv_free(why);
      return FilterVerdict::failed;
    }
    for (const auto& program : programs_) {
      working_on(judging_);
      const bool is_last = judging_ + 1 == programs_.size();
      auto judgement = program->judge(is_last ? message : jv_copy(message), !error_was_told_);
      if (judgement.outcome != JqProgram::Outcome::match) {
        if (!is_last) jv_free(message);
        return verdict_of(judgement);
      }
      ++judging_;
    }
    return FilterVerdict::match;
  }

  FilterVerdict verdict_of(JqProgram::Judgement& judgement) {
    switch (judgement.outcome) {
      case JqProgram::Outcome::not_boolean:
        not_boolean_ = std::move(judgement.text);
        break;
      case JqProgram::Outcome::failed:
        error_ = std::move(judgement.text);
        break;
      default:
        return FilterVerdict::no;
    }
    return FilterVerdict::failed;
  }

  FilterReach reach_;
  std::vector<std::unique_ptr<JqProgram>> programs_;
  JqValueReader reader_;
  uint32_t judging_ = 0;     // index of the program
  std::string not_boolean_;  // the value, once there was one
  std::string error_;
  bool error_was_told_ = false;
};

}  // namespace

int run_filter_worker(int argc, char** argv) {
  if (argc != 6 || std::strcmp(argv[1], kFilterProtocol) != 0) {
    std::fputs("plasmite-filter runs jq programs for plasmite, which starts it when needed\n",
               stderr);
    return 2;
  }
  if (!die_with_parent(std::atoi(argv[2]))) return 0;
  const auto reach =
      std::strcmp(argv[5], kReachHost) == 0 ? FilterReach::host : FilterReach::message;
  install_worker_limits({.memory_bytes = std::strtoull(argv[3], nullptr, 10),
                         .cpu_time = std::chrono::milliseconds(std::strtoull(argv[4], nullptr, 10)),
                         .opens_files = reach == FilterReach::host});
  // Compiled programs live as long as the process: tearing them down would only take time.
  Worker& worker = *std::make_unique<Worker>(reach).release();
  Request request;
  if (!request.receive() || !worker.compile(request)) ::_exit(0);
  while (request.receive() && worker.judge(request)) {
  }
  ::_exit(0);
}

}  // namespace plasmite
