#include "core/client/pool_ref.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace plasmite {
namespace {

// Sets or unsets a variable for the length of a test.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~ScopedVariable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

std::string resolved(std::string_view ref) {
  const auto path = resolve_pool_ref(ref, "/pools");
  return path ? path->string() : "error: " + path.error().message();
}

TEST(PoolRef, ANameIsAFileInTheDirectory) {
  EXPECT_EQ(resolved("chat"), "/pools/chat.plasmite");
  EXPECT_EQ(resolved("chat.plasmite"), "/pools/chat.plasmite");
  EXPECT_EQ(resolved("a.b c"), "/pools/a.b c.plasmite");
  EXPECT_EQ(resolved("-x"), "/pools/-x.plasmite");
  EXPECT_EQ(resolved(""), "/pools/.plasmite");
  EXPECT_EQ(resolved(".."), "/pools/...plasmite");
  EXPECT_EQ(resolved("~"), "/pools/~.plasmite");
}

TEST(PoolRef, ATextWithASlashIsThatPath) {
  EXPECT_EQ(resolved("./chat"), "./chat");
  EXPECT_EQ(resolved("/tmp/chat.plasmite"), "/tmp/chat.plasmite");
  EXPECT_EQ(resolved("~/chat"), "~/chat");
  EXPECT_EQ(resolved("http://host:1/p"), "http://host:1/p");
}

TEST(PoolRef, ANulByteIsRefused) {
  const auto path = resolve_pool_ref(std::string_view("a\0b", 3), "/pools");
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().kind(), ErrorKind::Usage);
}

TEST(PoolRef, OnlyATextWithASchemeIsRemote) {
  EXPECT_TRUE(is_remote_ref("http://host:1/p"));
  EXPECT_TRUE(is_remote_ref("ftp://x"));
  EXPECT_FALSE(is_remote_ref("chat"));
  EXPECT_FALSE(is_remote_ref("a:b//c"));
}

TEST(PoolDir, ComesFromTheEnvironment) {
  const ScopedVariable home("HOME", "/home/u");
  {
    const ScopedVariable dir("PLASMITE_DIR", "/var/pools");
    EXPECT_EQ(default_pool_dir(), "/var/pools");
  }
  for (const char* unset : {static_cast<const char*>(nullptr), ""}) {
    const ScopedVariable dir("PLASMITE_DIR", unset);
    EXPECT_EQ(default_pool_dir(), "/home/u/.plasmite/pools");
    const ScopedVariable no_home("HOME", unset);
    EXPECT_EQ(default_pool_dir(), ".plasmite/pools");
  }
}

}  // namespace
}  // namespace plasmite
