#include "core/record/tap_record.h"

#include <simdjson.h>

#include <cstring>

#include "core/record/base64_decode.h"
#include "core/record/json_text.h"

namespace plasmite {
namespace {

constexpr std::string_view kPlainPrefix = R"({"kind":"line","line":")";
constexpr std::string_view kPlainStdout = R"(","stream":"stdout"})";
constexpr std::string_view kPlainStderr = R"(","stream":"stderr"})";

constexpr size_t kMaxPartIdBytes = 256;

// Nearly every line: nothing escaped, the usual keys only. The text lies in the body as it is.
std::optional<TapLine> plain_line(std::string_view body) {
  if (!body.starts_with(kPlainPrefix)) return std::nullopt;
  body.remove_prefix(kPlainPrefix.size());
  const bool to_stdout = body.ends_with(kPlainStdout);
  if (!to_stdout && !body.ends_with(kPlainStderr)) return std::nullopt;
  const std::string_view text = body.substr(0, body.size() - kPlainStdout.size());
  static_assert(kPlainStdout.size() == kPlainStderr.size());
  // A quote inside would mean that other keys follow; a backslash that something is escaped.
  if (std::memchr(text.data(), '"', text.size()) != nullptr ||
      std::memchr(text.data(), '\\', text.size()) != nullptr)
    return std::nullopt;
  return TapLine{
      .stream = to_stdout ? TapStream::out : TapStream::err, .bytes = text, .eol = {}, .part = {}};
}

// Carriage returns, then perhaps a line feed, or nothing at all.
bool is_line_end(std::string_view eol) {
  if (eol.ends_with('\n')) eol.remove_suffix(1);
  return eol.find_first_not_of('\r') == std::string_view::npos;
}

std::string_view text_of(const simdjson::dom::object& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) ? std::string_view() : text;
}

TapRunStart start_of(const simdjson::dom::object& object) {
  TapRunStart start{.run = text_of(object, "run"), .command = {}};
  if (object["pty"].get(start.pty)) start.pty = false;
  simdjson::dom::array words;
  if (object["cmd"].get(words)) return start;
  for (const simdjson::dom::element element : words) {
    std::string_view word;
    if (element.get(word)) continue;
    if (!start.command.empty()) start.command += ' ';
    start.command += word;
  }
  return start;
}

TapRunEnd end_of(const simdjson::dom::object& object) {
  TapRunEnd end{.run = text_of(object, "run"), .code = {}, .signal = text_of(object, "signal")};
  int64_t code = 0;
  if (!object["code"].get(code)) end.code = code;
  if (object["elapsed_ms"].get(end.elapsed_ms)) end.elapsed_ms = 0;
  return end;
}

bool read_part(const simdjson::dom::object& object, std::optional<TapPart>& part) {
  simdjson::dom::element value;
  if (object["part"].get(value)) return true;  // there is none
  simdjson::dom::object members;
  part.emplace();
  return !value.get(members) && !members["id"].get(part->id) && !members["n"].get(part->number) &&
         !members["last"].get(part->last) && part->id.size() <= kMaxPartIdBytes;
}

}  // namespace

struct TapRecordReader::State {
  simdjson::dom::parser parser;
  std::string padded;  // the text with the readable bytes behind it that the parser needs
  std::string decoded;

  std::optional<simdjson::dom::object> parse(std::string_view body) {
    padded.reserve(body.size() + kJsonPadding);
    padded = body;
    simdjson::dom::object object;
    if (parser.parse(padded.data(), padded.size(), /*realloc_if_needed=*/false).get(object))
      return std::nullopt;
    return object;
  }

  std::optional<TapLine> line_of(const simdjson::dom::object& object) {
    TapLine line;
    if (object["line"].get(line.bytes) || !read_part(object, line.part)) return std::nullopt;
    const std::string_view stream = text_of(object, "stream");
    if (stream != "stdout" && stream != "stderr") return std::nullopt;
    line.stream = stream == "stdout" ? TapStream::out : TapStream::err;
    simdjson::dom::element value;
    if (!object["line_base64"].get(value)) {
      std::string_view encoded;
      if (value.get(encoded) || !base64_decode(encoded, decoded)) return std::nullopt;
      line.bytes = decoded;
    }
    if (!object["eol"].get(value)) {
      if (value.get(line.eol.emplace()) || !is_line_end(*line.eol)) return std::nullopt;
    }
    return line;
  }
};

TapRecordReader::TapRecordReader() : state_(std::make_unique<State>()) {}
TapRecordReader::~TapRecordReader() = default;
TapRecordReader::TapRecordReader(TapRecordReader&&) noexcept = default;
TapRecordReader& TapRecordReader::operator=(TapRecordReader&&) noexcept = default;

TapRecord TapRecordReader::read(const MessageView& message) {
  if (const auto line = plain_line(message.body)) return *line;
  // tap's records are never longer; others need not be taken apart.
  if (message.body.size() > kMaxRecordBytes) return {};
  const auto object = state_->parse(message.body);
  if (!object) return {};
  const std::string_view kind = text_of(*object, "kind");
  if (kind == "line") {
    const auto line = state_->line_of(*object);
    return line ? TapRecord(*line) : TapRecord();
  }
  if (!message.tags.contains(kLifecycleTag)) return {};
  if (kind == "start") return start_of(*object);
  if (kind == "exit") return end_of(*object);
  // Of whatever source: other gaps are none of a run.
  if (const auto run = text_of(*object, "run"); kind == "gap" && !run.empty())
    return TapRunLost{run};
  return TapOtherLifecycle{};
}

}  // namespace plasmite
