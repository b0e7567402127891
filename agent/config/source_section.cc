#include <algorithm>
#include <array>

#include "agent/config/config_draft.h"
#include "agent/config/config_names.h"
#include "core/pool/record.h"

namespace plasmite {
namespace {

enum class SourceType : uint8_t { journald, tap, stdin_, unknown };

struct TypeOfKey {
  const char* key;
  const char* type;
};

// For who writes a key of one type into a source of another.
constexpr std::array kKeysOfTypes = std::to_array<TypeOfKey>({
    {"namespace", "journald"},   {"directory", "journald or tap"},
    {"files", "journald"},       {"units", "journald"},
    {"identifiers", "journald"}, {"priority", "journald"},
    {"boot", "journald"},        {"matches", "journald"},
    {"start", "journald"},       {"since", "journald"},
    {"command", "tap"},          {"restart", "tap"},
    {"restart_delay", "tap"},    {"max_restart_delay", "tap"},
    {"environment", "tap"},      {"environment_from", "tap"},
    {"stop_signal", "tap"},      {"stop_timeout", "tap"},
    {"framing", "stdin"},
});

std::string type_of_key(const std::string& key) {
  const auto* found =
      std::ranges::find_if(kKeysOfTypes, [&](const TypeOfKey& known) { return known.key == key; });
  if (found == kKeysOfTypes.end()) return {};
  return "It is a key of sources of type " + std::string(found->type) + ".";
}

void read_tags(TableReader& table, SourceConfig& source) {
  std::vector<std::string> tags;
  if (!table.read_strings("tags", tags)) return;
  const auto encoded = TagBlock::encode(tags);
  if (!encoded) {
    table.problem(
        "tags", encoded.error().message(),
        encoded.error().hint().empty() ? "Use fewer or shorter tags." : encoded.error().hint());
    return;
  }
  source.tags = std::move(tags);
}

// Dropping leaves out whole lines: it takes lines, and somebody who would wait otherwise.
void check_overflow(TableReader& table, const SourceConfig& source) {
  if (source.overflow != Overflow::drop) return;
  if (std::holds_alternative<JournaldConfig>(source.kind)) {
    table.problem("overflow", "journald keeps what was not read yet: there is nothing to drop",
                  "Leave overflow out, or say \"block\".");
  }
  const auto* input = std::get_if<StdinConfig>(&source.kind);
  if (input == nullptr || input->is_text || input->framing == Framing::lines) return;
  table.problem("overflow",
                "only lines can be dropped, and this framing has none that are known to be records",
                "Say framing = \"jsonl\" or \"text\", or overflow = \"block\".");
}

SourceType read_type(TableReader& table) {
  SourceType type = SourceType::unknown;
  if (!table.has("type")) {
    table.problem("type", "is missing", R"(Add type = "journald", "tap" or "stdin".)");
    return type;
  }
  table.read_word<SourceType>(
      "type",
      {{"journald", SourceType::journald}, {"tap", SourceType::tap}, {"stdin", SourceType::stdin_}},
      type);
  return type;
}

void read_kind(TableReader& table, SourceType type, SourceConfig& source,
               const ConfigReading& reading) {
  switch (type) {
    case SourceType::journald:
      return read_journald(table, source.kind.emplace<JournaldConfig>(), reading);
    case SourceType::tap:
      return read_tap(table, source.kind.emplace<TapConfig>(), reading);
    case SourceType::stdin_:
      return read_stdin(table, source.kind.emplace<StdinConfig>());
    case SourceType::unknown:
      return;
  }
}

}  // namespace

Placed<SourceConfig> read_source(TableReader& table, std::string name,
                                 const ConfigReading& reading) {
  Placed<SourceConfig> out{.part = {.name = std::move(name), .pool = {}, .kind = JournaldConfig{}},
                           .place = table.place(),
                           .path = table.path(),
                           .keys = table.places()};
  SourceConfig& source = out.part;
  if (const std::string why = why_no_name(source.name); !why.empty())
    table.problem_here(why, kNameFix);
  // The name is that of the checkpoint: spec/tap.md.
  if (source.name.starts_with("tap."))
    table.problem_here("names that begin with tap. belong to runs of tap", "Use another name.");
  const SourceType type = read_type(table);
  if (!table.has("pool"))
    table.problem("pool", "is missing",
                  "Add pool = \"NAME\", one of those declared as [pools.NAME].");
  table.read_string("pool", source.pool);
  read_tags(table, source);
  table.read_word<Overflow>("overflow", {{"block", Overflow::block}, {"drop", Overflow::drop}},
                            source.overflow);
  table.read_word<OnBadRecord>("errors", {{"skip", OnBadRecord::skip}, {"stop", OnBadRecord::stop}},
                               source.on_bad_record);
  uint64_t max_record = source.max_record_bytes;
  table.read_size("max_record", max_record, {1u << 10, 16u << 20, "1K to 16M"});
  source.max_record_bytes = max_record;
  read_kind(table, type, source, reading);
  if (type == SourceType::unknown) return out;  // which keys it may have is not known either
  check_overflow(table, source);
  table.refuse_unknown_keys(type_of_key);
  return out;
}

void read_stdin(TableReader& table, StdinConfig& out) {
  const StdinConfig kText{.is_text = true};
  const auto json = [](Framing framing) {
    return StdinConfig{.is_text = false, .framing = framing};
  };
  table.read_word<StdinConfig>("framing",
                               {{"auto", json(Framing::detect)},
                                {"jsonl", json(Framing::lines)},
                                {"json", json(Framing::value)},
                                {"seq", json(Framing::sequence)},
                                {"jq", json(Framing::values)},
                                {"text", kText}},
                               out);
}

}  // namespace plasmite
