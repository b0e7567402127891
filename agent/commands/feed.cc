#include "agent/commands/feed.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "agent/commands/feed_input.h"
#include "agent/commands/feed_options.h"
#include "agent/pool_access.h"
#include "agent/values.h"

namespace plasmite {
namespace {

Error usage(std::string message, std::string hint) {
  return Error(ErrorKind::Usage, std::move(message)).with_hint(std::move(hint));
}

Result<Framing> parse_framing(const std::string& in) {
  if (in == "auto") return Framing::detect;
  if (in == "jsonl") return Framing::lines;
  if (in == "json") return Framing::value;
  if (in == "seq") return Framing::sequence;
  if (in == "jq") return Framing::values;
  return std::unexpected(
      usage("invalid value '" + in + "' for '--in'",
            "Use auto, jsonl, json, seq or jq. Event streams are found by auto."));
}

Result<OnBadRecord> parse_policy(const FeedOptions& options, Framing framing) {
  if (options.errors == "stop") return OnBadRecord::stop;
  if (options.errors != "skip") {
    return std::unexpected(
        usage("invalid value '" + options.errors + "' for '--errors'", "Use stop or skip."));
  }
  if (framing == Framing::values && !options.data) {
    return std::unexpected(
        usage("skip is not supported for jq-style streams",
              "Where a bad value ends cannot be told. Use --in auto, --in jsonl, or --in seq."));
  }
  return OnBadRecord::skip;
}

// The checks of the texts, in the documented order: the first wrong one is the one reported.
Result<FeedPlan> make_plan(const FeedOptions& options) {
  FeedPlan plan;
  if (auto ok = check_local_ref(options.pool); !ok) return std::unexpected(ok.error());
  if (options.create_size && !options.create) {
    return std::unexpected(
        usage("--create-size requires --create", "Add --create, or leave --create-size out."));
  }
  if (options.create_size) {
    const auto size = parse_size(*options.create_size);
    if (!size) return std::unexpected(size.error());
    plan.create_bytes = *size;
  }
  const auto retries = parse_count(options.retry, "--retry");
  if (!retries) return std::unexpected(retries.error());
  plan.retries = *retries;
  if (options.retry_delay && *retries == 0)
    return std::unexpected(usage("--retry-delay requires --retry", "Add --retry N."));
  const auto durability = parse_durability(options.durability);
  if (!durability) return std::unexpected(durability.error());
  plan.durability = *durability;
  const auto delay = parse_duration(options.retry_delay.value_or(kDefaultRetryDelay));
  if (!delay) return std::unexpected(delay.error());
  plan.retry_delay = *delay;
  if (auto ok = check_no_remote_options("feed", options.remote); !ok)
    return std::unexpected(ok.error());
  const auto lock_timeout = parse_duration(options.lock_timeout);
  if (!lock_timeout) return std::unexpected(lock_timeout.error());
  plan.lock_timeout = *lock_timeout;
  const auto max_record = parse_size(options.max_record);
  if (!max_record) return std::unexpected(max_record.error());
  constexpr uint64_t kLargestLimit = 1ull << 30;  // one record is held in memory as a whole
  if (*max_record == 0 || *max_record > kLargestLimit) {
    return std::unexpected(usage("invalid value '" + options.max_record + "' for '--max-record'",
                                 "Use a size between 1 and 1G, such as 16M."));
  }
  plan.max_record_bytes = *max_record;
  const auto framing = parse_framing(options.in);
  if (!framing) return std::unexpected(framing.error());
  plan.framing = *framing;
  const auto policy = parse_policy(options, *framing);
  if (!policy) return std::unexpected(policy.error());
  plan.on_bad_record = *policy;
  auto tags = TagBlock::encode(options.tags);
  if (!tags) return std::unexpected(tags.error());
  plan.tags = std::move(*tags);
  return plan;
}

// A retry is more patience: the wait for the lock is as long as all attempts and pauses together.
std::chrono::milliseconds patience(const FeedPlan& plan) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  if (plan.retries == 0) return plan.lock_timeout;
  const auto per_retry = plan.lock_timeout + plan.retry_delay;
  if (per_retry.count() == 0) return plan.lock_timeout;
  const uint64_t fits = static_cast<uint64_t>(kLongest / per_retry);
  return plan.lock_timeout +
         per_retry * static_cast<int64_t>(std::min<uint64_t>(plan.retries, fits));
}

Error told_about_retries(Error error, const FeedPlan& plan) {
  if (plan.retries == 0 || error.kind() != ErrorKind::Busy) return error;
  const std::string told = "Retry attempts: " + std::to_string(plan.retries) + " (waited " +
                           std::to_string(patience(plan).count()) + "ms).";
  const std::string hint = error.hint().empty() ? "Another writer holds the lock." : error.hint();
  return std::move(error).with_hint(hint + " " + told);
}

Result<int> run(const CommandContext& context, const FeedOptions& options) {
  auto plan = make_plan(options);
  if (!plan) return std::unexpected(plan.error());
  auto pool = open_pool(context, {.ref = options.pool,
                                  .access = Access::append,
                                  .create = options.create,
                                  .create_bytes = plan->create_bytes,
                                  .lock_timeout = patience(*plan),
                                  .missing_hint = missing_pool_hint(options)});
  if (!pool) return std::unexpected(told_about_retries(std::move(pool.error()), *plan));
  auto exit_code = feed_pool(context, options, *plan, *pool);
  if (!exit_code) return std::unexpected(told_about_retries(std::move(exit_code.error()), *plan));
  return *exit_code;
}

}  // namespace

void register_feed(CLI::App& root, CommandContext& context) {
  auto options = std::make_shared<FeedOptions>();
  CLI::App* command = add_command(
      root,
      {.name = "feed",
       .description = "Append JSON messages to a pool: DATA, or those of a file or of stdin.\nBy "
                      "itself it finds out whether these are JSON Lines (a message "
                      "may span lines), a JSON text\nsequence, or a stream of server-sent "
                      "events.\nPrints a receipt for each message once it is stored.",
       .examples = "  plasmite feed jobs '{\"job\":7}' --tag ci\n"
                   "  plasmite feed jobs --file events.jsonl --errors skip\n"
                   "  my-program | plasmite feed jobs --create -q\n"
                   "  curl -N https://api.example.com/events | plasmite feed events --create"});
  add_feed_options(*command, *options);
  command->callback([&context, options] {
    context.run = [&context, options] { return run(context, *options); };
  });
}

}  // namespace plasmite
