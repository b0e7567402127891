#include "core/record/json_text.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <vector>

#include "core/record/json_grammar.h"

namespace plasmite {
namespace {

// Bytes a parser may look at behind a text must never change its judgement: they are set to what
// would continue the text.
class JsonTextTest : public testing::Test {
 protected:
  Result<JsonText> validate(std::string_view text, std::string_view behind = "1\"}]") {
    buffer_.assign(text);
    size_ = text.size();
    while (buffer_.size() < size_ + kJsonPadding) buffer_ += behind;
    return validator_.validate_object({std::string_view(buffer_).substr(0, size_)}, arena_);
  }
  // What would be stored, or "kind: message".
  std::string stored(std::string_view text) {
    const auto result = validate(text);
    if (result) return std::string(result->view());
    return std::string(error_kind_name(result.error().kind())) + ": " + result.error().message();
  }
  bool is_input(const JsonText& text) const { return text.view().data() == buffer_.data(); }

  JsonValidator validator_;
  TextArena arena_;
  std::string buffer_;
  size_t size_ = 0;
};

constexpr char kInvalid[] = "Usage: invalid json";

std::string nested(int containers, std::string_view innermost) {
  std::string text = "{\"a\":";
  text.append(static_cast<size_t>(containers - 1), '[');
  text += innermost;
  text.append(static_cast<size_t>(containers - 1), ']');
  return text + "}";
}

TEST_F(JsonTextTest, TextWithoutWhiteSpaceOutsideStringsIsTheInputItself) {
  for (const char* text :
       {"{}", R"({"a":1,"b":[true,false,null]})", R"({"a":"x y","b":" "})", R"({"a b":"\" x"})"}) {
    const auto result = validate(text);
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(result->view(), text);
    EXPECT_TRUE(is_input(*result)) << text;
  }
}

TEST_F(JsonTextTest, WhiteSpaceOutsideStringsIsRemoved) {
  EXPECT_EQ(stored(" { \"a b\" :\t[ 1 ,\r2 ] } \n"), R"({"a b":[1,2]})");
  EXPECT_EQ(stored("{\"a\": \"x  y\\n\"}"), R"({"a":"x  y\n"})");
  EXPECT_EQ(stored("{\n}"), "{}");
}

TEST_F(JsonTextTest, TextsInTheArenaStayUntilItIsCleared) {
  std::vector<std::string_view> views;
  for (int i = 0; i < 30000; ++i) {
    const auto result = validate("{ \"n\" : " + std::to_string(i) + " }");
    ASSERT_TRUE(result);
    views.push_back(result->view());
  }
  for (int i = 0; i < 30000; ++i)
    ASSERT_EQ(views[static_cast<size_t>(i)], "{\"n\":" + std::to_string(i) + "}");
}

TEST_F(JsonTextTest, EverythingIsStoredAsItIsWritten) {
  for (const char* text :
       {R"({"z":1,"a":2,"z":3})", R"({"a":1.10})", R"({"a":-0})", R"({"a":1E+2})",
        R"({"a":"\u0041\/"})", "{\"a\":\"\x7F\xC3\xA4\"}", R"({"":{"":[]}})"})
    EXPECT_EQ(stored(text), text);
}

TEST_F(JsonTextTest, NumbersMayHaveAnySize) {
  for (const char* number :
       {"1e400", "-1e400", "1e-400", "123456789012345678901234567890", "-99999999999999999999",
        "18446744073709551616", "0.1e999999999999", "-0.0", "9223372036854775808"}) {
    const std::string text = std::string("{\"n\":") + number + "}";
    EXPECT_EQ(stored(text), text);
  }
  const std::string digits(5000, '7');
  EXPECT_EQ(stored("{\"n\": [" + digits + " , 1, " + digits + "] }"),
            "{\"n\":[" + digits + ",1," + digits + "]}");
}

TEST_F(JsonTextTest, ALargeNumberHidesNothingElse) {
  for (const char* bad :
       {R"({"n":1e400)", R"({"n":1e400,})", R"({"n":1e400 2})", R"({"n":1e400}})", R"({1e400:1})",
        R"({"n":1e400"a"})", R"({"n":1e400true})", R"({"n":1e400,"a":01})", R"({"n":[1e400})",
        "{\"n\":1e400,\"s\":\"\xFF\"}", "{\"n\":1e400,\"s\":\"\t\"}", R"({"n":1e400,"s":"\x"})",
        R"({"n":1e400,"s":"\ud800"})", R"({"n":1e400\"})", R"({"n":1e400e1})", R"({"n":1e400.1})"})
    EXPECT_EQ(stored(bad), kInvalid) << bad;
  // Digits in strings are no numbers.
  EXPECT_EQ(stored(R"({"01":1e400,"a":"1. -- 01 \" 02"})"), R"({"01":1e400,"a":"1. -- 01 \" 02"})");
}

TEST_F(JsonTextTest, BadNumbersAreRefused) {
  for (const char* number :
       {"01", "-01", "1.", "-", "1e", "1e+", ".5", "-.5", "+1", "NaN", "Infinity", "-Infinity",
        "0x10", "1_000", "1,5e", "--1", "1.5.5", "00"})
    EXPECT_EQ(stored(std::string("{\"n\":") + number + "}"), kInvalid) << number;
}

TEST_F(JsonTextTest, BadTextsAreRefused) {
  for (const std::string& bad : std::vector<std::string>{"",
                                                         " ",
                                                         "{",
                                                         "}",
                                                         "{\"a\"",
                                                         "{\"a\":}",
                                                         "{\"a\":1,}",
                                                         "{\"a\" 1}",
                                                         "{a:1}",
                                                         "{'a':1}",
                                                         "{} {}",
                                                         "{}{}",
                                                         "{}x",
                                                         "{},",
                                                         std::string("{}\0", 3),
                                                         std::string("\0{}", 3),
                                                         "\xEF\xBB\xBF{}",
                                                         "{\"a\":tru}",
                                                         "{\"a\":truex}",
                                                         "{\"a\":\"\t\"}",
                                                         "{\"a\":\"\n\"}",
                                                         "{\"a\":\"\\x\"}",
                                                         "{\"a\":\"\\u12g4\"}",
                                                         "{\"a\":\"\\ud800\"}",
                                                         "{\"a\":\"\\udc00\"}",
                                                         "{\"a\":\"\xFF\"}",
                                                         "{\"a\":\"\xC3\"}",
                                                         "{\"a\":\"\xED\xA0\x80\"}",
                                                         "{\"a\":\"x}",
                                                         "{\"a\":1\xC2\xA0}",
                                                         "{\f}",
                                                         "{\v}",
                                                         "{}//",
                                                         "[1,2"})
    EXPECT_EQ(stored(bad), kInvalid) << bad;
}

TEST_F(JsonTextTest, WhatFollowsTheTextIsNotLookedAt) {
  for (const char* behind : {"}", "\"", "1", " ", "\\", "e5}", "]"}) {
    EXPECT_TRUE(validate(R"({"a":[1,"x"]})", behind)) << behind;
    EXPECT_FALSE(validate(R"({"a":[1,"x"])", behind)) << behind;
    EXPECT_FALSE(validate(R"({"a":[1,"x)", behind)) << behind;
    EXPECT_FALSE(validate(R"({"a":tru)", behind)) << behind;
  }
}

TEST_F(JsonTextTest, AnythingButAnObjectIsRefusedByName) {
  for (const char* text : {"[]", "[{}]", "1", "\"x\"", "true", "null", " [1] ", "1e400", "-0"})
    EXPECT_EQ(stored(text), "Usage: data must be object") << text;
}

TEST_F(JsonTextTest, ContainersMayBe128Deep) {
  for (const char* innermost : {"", "1", "1e400", "\"[[[[\"", "[]", "{}", "[1]", "{\"a\":1e400}"}) {
    const int own = *innermost == '[' || *innermost == '{' ? 1 : 0;
    EXPECT_TRUE(validate(nested(127 - own, innermost))) << innermost;
    EXPECT_TRUE(validate(nested(128 - own, innermost))) << innermost;
    const auto refused = validate(nested(129 - own, innermost));
    ASSERT_FALSE(refused) << innermost;
    EXPECT_EQ(refused.error().message(), "invalid json");
    EXPECT_NE(refused.error().hint().find("128"), std::string::npos);
    EXPECT_FALSE(validate(nested(130 - own, innermost))) << innermost;
  }
  EXPECT_FALSE(validate("{\"a\":" + std::string(1'000'000, '[')));
  EXPECT_TRUE(validate(R"({"a":"ordinary again"})"));
}

TEST_F(JsonTextTest, TheSizeLimitIsExact) {
  JsonValidator validator(32);
  TextArena arena;
  for (size_t size : {31u, 32u, 33u}) {
    std::string text = "{\"a\":\"" + std::string(size - 8, 'x') + "\"}";
    ASSERT_EQ(text.size(), size);
    text.resize(size + kJsonPadding);
    const auto result = validator.validate_object({std::string_view(text).substr(0, size)}, arena);
    EXPECT_EQ(result.has_value(), size <= 32);
    if (!result) {
      EXPECT_EQ(result.error().kind(), ErrorKind::Usage);
      EXPECT_EQ(result.error().message(), "record exceeds size limit");
      EXPECT_NE(result.error().hint().find("--max-record"), std::string::npos);
    }
  }
}

TEST_F(JsonTextTest, ALargeRecordIsTakenWhole) {
  std::string text = "{\"a\":[";
  while (text.size() < kMaxRecordBytes - 20) text += "\"x y\", 12,";
  text += "1]}";
  const auto result = validate(text);
  ASSERT_TRUE(result);
  EXPECT_FALSE(is_input(*result));
  std::erase_if(text, [was_comma = false](char c) mutable {
    const bool drop = c == ' ' && was_comma;
    was_comma = c == ',';
    return drop;
  });
  EXPECT_EQ(result->view(), text);
}

TEST_F(JsonTextTest, AnErrorSaysWhatIsWrongAndWhere) {
  const auto result = validate(R"({"a":1,"b" 2})");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().offset(), 11u);
  EXPECT_EQ(result.error().causes(),
            std::vector<std::string>{"':' is expected after a key at byte 11"});
  EXPECT_NE(result.error().hint(), "");
}

TEST_F(JsonTextTest, NothingIsAllocatedForARecord) {
  const auto judge = [&](const std::string& padded) {
    return validator_.validate_object(
        {std::string_view(padded).substr(0, padded.size() - kJsonPadding)}, arena_);
  };
  std::vector<std::string> texts;  // each longer than the one before
  for (size_t i = 0; i < 100; ++i)
    texts.push_back(R"({ "a": "x y", "n": 1e400, "b": [1, 2, 3], "c": ")" +
                    std::string(20 * i, 'x') + "\"}" + std::string(kJsonPadding, ' '));
  ASSERT_TRUE(judge(texts[0]));
  const size_t before = mallinfo2().uordblks;
  for (const std::string& text : texts) ASSERT_TRUE(judge(text));
  EXPECT_EQ(mallinfo2().uordblks, before);
}

// What simdjson's own documents say: its number type is narrower than the grammar, its depth
// counted otherwise.
enum class Document : uint8_t { object, other, refused, not_comparable };

Document document_of(const std::string& text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const auto error = parser.parse(text).get(element);
  if (error == simdjson::NUMBER_ERROR || error == simdjson::DEPTH_ERROR)
    return Document::not_comparable;
  if (error != simdjson::SUCCESS) return Document::refused;
  return element.is_object() ? Document::object : Document::other;
}

// A valid text with one to three bytes replaced, put in or taken out.
std::string damaged_text(std::mt19937& random) {
  static const std::vector<std::string> seeds = {
      R"({"a":[1,-2.5e3,true,false,null,"x\u00e4\ud83d\ude00 y\\"],"b":{"c":{}}})",
      R"({ "n" : 1e400 , "m": -123456789012345678901234567890, "s": "[]{}:,1e400" })",
      "{\"k\xC3\xA4\":\"\xF0\x9F\x98\x80\",\"e\":[[],{},\"\"]}",
      nested(128, "1"),
  };
  constexpr std::string_view kAlphabet =
      "{}[]:,\"\\0123456789.eE+-truefalsn \t\n\x01\f\x1A\xC3\xA4\xFFud8";
  std::string text = seeds[random() % seeds.size()];
  for (int edits = static_cast<int>(random() % 3); edits >= 0; --edits) {
    const size_t at = random() % text.size();
    const char c = kAlphabet[random() % kAlphabet.size()];
    switch (random() % 3) {
      case 0:
        text[at] = c;
        break;
      case 1:
        text.insert(at, 1, c);
        break;
      default:
        text.erase(at, 1 + random() % 2);
        break;
    }
  }
  return text;
}

// Three judges: the validator's walk over tokens, simdjson's documents, and the grammar written by
// hand.
TEST_F(JsonTextTest, AgreesWithSimdjsonAndWithTheGrammarOnDamagedTexts) {
  std::mt19937 random(20260505);
  int accepted = 0;
  for (int round = 0; round < 60000; ++round) {
    const std::string text = damaged_text(random);
    const auto result = validate(text);
    const auto defect = find_json_defect(text);
    const bool not_object = !result && result.error().message() == "data must be object";
    ASSERT_EQ(result.has_value() || not_object, !defect.has_value())
        << "round " << round << ": " << text << "\n"
        << (defect ? defect->what : "no defect");
    const Document document = document_of(text);
    const bool too_deep = defect && defect->too_deep;
    if (document != Document::not_comparable && !too_deep) {
      ASSERT_EQ(document, result       ? Document::object
                          : not_object ? Document::other
                                       : Document::refused)
          << text;
    }
    if (!result) continue;
    ++accepted;
    const std::string once(result->view());
    ASSERT_FALSE(once.contains('\n')) << once;
    ASSERT_EQ(stored(once), once) << text;
  }
  EXPECT_GT(accepted, 1000);
}

// simdjson finds tokens by other code on every kind of processor; "fallback" knows no vectors at
// all.
TEST_F(JsonTextTest, JudgesAlikeOnEveryKindOfProcessor) {
  auto& active = simdjson::get_active_implementation();
  const simdjson::implementation* const usual = active;
  int kinds = 0;
  for (const simdjson::implementation* kind : simdjson::get_available_implementations()) {
    if (!kind->supported_by_runtime_system()) continue;
    ++kinds;
    active = kind;
    validator_ = JsonValidator();
    std::mt19937 random(20261128);
    for (int round = 0; round < 20000; ++round) {
      const std::string text = damaged_text(random);
      const auto result = validate(text);
      const bool not_object = !result && result.error().message() == "data must be object";
      ASSERT_EQ(result.has_value() || not_object, !find_json_defect(text))
          << kind->name() << ", round " << round << ": " << text;
    }
  }
  active = usual;
  EXPECT_GE(kinds, 2);
}

}  // namespace
}  // namespace plasmite
