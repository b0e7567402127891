// Arbitrary bytes as an event stream: exactly the events that a parser written by the letter of the
// standard makes of them, for every way to cut them into reads; and the records of their data.
#include <charconv>
#include <string>
#include <vector>

#include "sources/event_stream.h"
#include "tests/fuzz/framing_cuts.h"

namespace plasmite {
namespace {

struct Parsed {
  std::vector<std::string> events;  // type, NUL, data
  std::string id;
  std::optional<uint64_t> retry;
  bool operator==(const Parsed&) const = default;
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r' || text[at] == '\n') {
      if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
      lines.emplace_back();
    } else {
      lines.back() += text[at];
    }
  }
  return lines;  // the last one has no end
}

// WHATWG HTML 9.2.6; and what is not dispatched at the end of the input is.
Parsed by_the_letter(std::string_view text) {
  Parsed parsed;
  std::string data, type;
  const auto dispatch = [&] {
    if (!data.empty()) {
      data.pop_back();
      parsed.events.push_back(type + '\0' + data);
    }
    data.clear();
    type.clear();
  };
  for (const std::string& line : lines_of(text)) {
    if (line.empty()) {
      dispatch();
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == 0) continue;
    const std::string field = line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    if (field == "data") data += value + '\n';
    if (field == "event") type = value;
    if (field == "id" && value.find('\0') == std::string::npos) parsed.id = value;
    if (field == "retry") {
      // Too large for any number is as good as none.
      uint64_t milliseconds = 0;
      const char* end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, milliseconds);
      if (stop == end && error == std::errc()) parsed.retry = milliseconds;
    }
  }
  dispatch();
  return parsed;
}

Parsed by_ours(std::string_view text, std::minstd_rand& random) {
  Parsed parsed;
  EventStream stream(8192, {.offset = 0, .line = 1}, [&](const EventStream::Event& event) {
    PLASMITE_CHECK(!event.oversized && event.at.offset < text.size() && event.at.line > 0);
    parsed.events.push_back(std::string(event.type) + '\0' + std::string(event.data));
    return Result<void>();
  });
  const size_t longest = 1 + random() % 40;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view chunk = rest.substr(0, 1 + random() % longest);
    PLASMITE_CHECK(stream.push(chunk).has_value());
    rest.remove_prefix(chunk.size());
  }
  PLASMITE_CHECK(stream.finish().has_value());
  parsed.id = stream.last_event_id();
  parsed.retry = stream.retry_ms();
  return parsed;
}

void check(FuzzInput input) {
  const FramingCase made = run_both_ways(input, {Framing::events});
  std::minstd_rand random(static_cast<uint32_t>(made.text.size()) + 1);
  PLASMITE_CHECK(by_ours(made.text, random) == by_the_letter(made.text));
}

}  // namespace
}  // namespace plasmite

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plasmite::check({data, size});
  return 0;
}
