#include "core/record/base64_decode.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/record/json_escape.h"

namespace plasmite {
namespace {

TEST(Base64Decode, GivesBackWhatWasEncoded) {
  std::minstd_rand random(1);
  std::string decoded = "before";
  for (size_t size = 0; size < 300; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_TRUE(base64_decode(base64_encode(bytes), decoded)) << size;
    EXPECT_EQ(decoded, bytes);
  }
}

TEST(Base64Decode, RefusesEverythingElse) {
  std::string decoded;
  for (const char* text : {"A", "AA", "AAA", "AAAAA", "AA=", "A===", "====", "AA=A", "AB==", "AAB=",
                           "AA-A", "AA A", "AAA\n", "=AAA", "AAAA====", "AA==AAAA", "AA\xffg"})
    EXPECT_FALSE(base64_decode(text, decoded)) << text;
}

}  // namespace
}  // namespace plasmite
