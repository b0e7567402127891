#include "core/filter/filter.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/filter/compile_error.h"

namespace plasmite {
namespace {

constexpr auto kForever = std::chrono::steady_clock::time_point::max();

std::string seconds(std::chrono::milliseconds time) {
  std::string text = std::to_string(time.count() / 1000);
  if (time.count() % 1000 != 0) {
    std::string digits = std::to_string(1000 + time.count() % 1000).substr(1);
    while (digits.back() == '0') digits.pop_back();
    text += "." + digits;
  }
  return text + " s";
}

Error limit_error(FilterFailure why, std::string_view program, const FilterLimits& limits) {
  constexpr const char* kHint =
      "Simplify the expression, or look at fewer messages with --tag. Without --where, `jq` on the "
      "output of --jsonl has no limits.";
  switch (why) {
    case FilterFailure::time:
      return Error(ErrorKind::Usage, "filter expression took too long")
          .with_cause(shown(program) + " took more than " + seconds(limits.cpu_time) +
                      " of processor time")
          .with_hint(kHint);
    case FilterFailure::memory:
      return Error(ErrorKind::Usage, "filter expression needs too much memory")
          .with_cause(shown(program) + " needs more than " +
                      std::to_string(limits.memory_bytes >> 20) + " MiB")
          .with_hint(kHint);
    case FilterFailure::crash:
      break;
  }
  return Error(ErrorKind::Usage, "filter expression made jq crash")
      .with_cause(shown(program) +
                  " ended libjq: a value nested too deeply, or a fault of libjq's own")
      .with_hint(kHint);
}

Error not_boolean_error(std::string_view program, std::string_view value) {
  return Error(ErrorKind::Usage, "filter expression must yield booleans")
      .with_cause(shown(program) + " yields " + std::string(value))
      .with_hint(
          "Compare with ==, not with =, and give the condition alone, without select(…): "
          "--where '.data.level == \"error\"'. Whether something is there: --where '.data.x != "
          "null'.");
}

Result<void> compile(FilterProcess& process, const std::vector<std::string>& programs,
                     FilterReach reach, const FilterLimits& limits) {
  std::string texts;
  std::vector<uint32_t> sizes;
  for (const std::string& program : programs) {
    texts += program;
    sizes.push_back(static_cast<uint32_t>(program.size()));
  }
  // A process that is gone says why by not answering.
  (void)process.send(sizes, texts);
  const auto reply = process.receive(kForever);
  if (!reply) return std::unexpected(reply.error());
  const FilterReplyHeader& header = (*reply)->header;
  const std::string_view program =
      header.program < programs.size() ? std::string_view(programs[header.program]) : "";
  switch (header.kind) {
    case FilterReply::ready:
      return {};
    case FilterReply::compile_error:
      return std::unexpected(compile_error(program, (*reply)->payload, reach));
    case FilterReply::failed:
      return std::unexpected(limit_error(FilterFailure(header.detail), program, limits));
    default:
      return std::unexpected(Error(ErrorKind::Internal, "plasmite-filter talks nonsense"));
  }
}

Result<FilterProcess> start_and_compile(const std::vector<std::string>& programs, FilterReach reach,
                                        const FilterLimits& limits) {
  auto process = FilterProcess::start(reach, limits);
  if (!process) return std::unexpected(process.error());
  if (auto compiled = compile(*process, programs, reach, limits); !compiled)
    return std::unexpected(compiled.error());
  return process;
}

}  // namespace

Result<Filter> Filter::create(std::vector<std::string> programs, FilterReach reach,
                              const FilterLimits& limits) {
  if (auto ok = check_programs(programs, reach); !ok) return std::unexpected(ok.error());
  auto process = start_and_compile(programs, reach, limits);
  if (!process) return std::unexpected(process.error());
  return Filter(std::move(programs), reach, limits, std::move(*process));
}

void Filter::add(uint64_t seq, std::string_view text) {
  if (decided_ == seqs_.size()) forget_batch();
  PLASMITE_CHECK(!sent_);
  PLASMITE_CHECK(text.size() <= UINT32_MAX);
  texts_ += text;
  sizes_.push_back(static_cast<uint32_t>(text.size()));
  seqs_.push_back(seq);
}

void Filter::forget_batch() {
  texts_.clear();
  sizes_.clear();
  seqs_.clear();
  decided_ = 0;
  sent_ = false;
  // One huge message does not make this process huge for good.
  constexpr size_t kKeepBytes = 4u << 20;
  if (texts_.capacity() > kKeepBytes) texts_.shrink_to_fit();
}

bool Filter::send_undecided() {
  size_t decided_bytes = 0;
  for (size_t i = 0; i < decided_; ++i) decided_bytes += sizes_[i];
  return process_.send(std::span(sizes_).subspan(decided_),
                       std::string_view(texts_).substr(decided_bytes));
}

Result<std::span<const FilterVerdict>> Filter::judge(Clock::time_point deadline) {
  verdicts_.clear();
  if (undecided() > 0 && !sent_) {
    sent_ = true;
    (void)send_undecided();  // a process that is gone is noticed below
  }
  while (undecided() > 0 && verdicts_.empty()) {
    const auto reply = process_.receive(deadline);
    if (!reply) {
      if (auto again = start_again_or_fail(FilterFailure::crash, 0); !again)
        return std::unexpected(again.error());
      continue;
    }
    if (!*reply) break;
    if (auto taken = take_reply(**reply); !taken) return std::unexpected(taken.error());
  }
  return verdicts_;
}

Result<bool> Filter::take_reply(const FilterProcess::Reply& reply) {
  const uint32_t program =
      std::min(reply.header.program, static_cast<uint32_t>(programs_.size() - 1));
  switch (reply.header.kind) {
    case FilterReply::verdicts:
      if (auto taken = take_verdicts(reply.payload); !taken) return std::unexpected(taken.error());
      return true;
    case FilterReply::runtime_error:
      if (!error_was_seen_)
        first_error_ = RuntimeError{.seq = seqs_[decided_],
                                    .program = programs_[program],
                                    .text = std::string(reply.payload)};
      error_was_seen_ = true;
      return true;
    case FilterReply::not_boolean:
      return std::unexpected(
          error_at_message(not_boolean_error(programs_[program], reply.payload)));
    case FilterReply::failed:
      if (auto again = start_again_or_fail(FilterFailure(reply.header.detail), program); !again)
        return std::unexpected(again.error());
      return true;
    default:
      return std::unexpected(Error(ErrorKind::Internal, "plasmite-filter talks nonsense"));
  }
}

Result<void> Filter::take_verdicts(std::string_view bytes) {
  if (bytes.size() > undecided())
    return std::unexpected(Error(ErrorKind::Internal, "plasmite-filter judged too much"));
  for (const char byte : bytes) {
    const auto verdict = static_cast<uint8_t>(byte);
    if (verdict > static_cast<uint8_t>(FilterVerdict::failed))
      return std::unexpected(Error(ErrorKind::Internal, "plasmite-filter talks nonsense"));
    verdicts_.push_back(FilterVerdict(verdict));
  }
  decided_ += bytes.size();
  process_has_judged_ = process_has_judged_ || !bytes.empty();
  return {};
}

// libjq leaks here and there, and what one message left behind may be what the next one lacks: a
// message is to blame only if it breaks a process that has judged none before. Time is its own.
Result<void> Filter::start_again_or_fail(FilterFailure why, uint32_t program) {
  if (why == FilterFailure::time || !process_has_judged_)
    return std::unexpected(error_at_message(limit_error(why, programs_[program], limits_)));
  auto process = start_and_compile(programs_, reach_, limits_);
  if (!process) return std::unexpected(process.error());
  process_ = std::move(*process);
  process_has_judged_ = false;
  (void)send_undecided();
  return {};
}

Error Filter::error_at_message(Error error) const {
  return std::move(error).with_seq(seqs_[decided_]);
}

std::optional<Filter::RuntimeError> Filter::take_first_error() {
  return std::exchange(first_error_, std::nullopt);
}

}  // namespace plasmite
