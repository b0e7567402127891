// Kinds, exit codes, and what becomes of errno.
#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace plasmite {
namespace {

TEST(Error, KindsHaveStableNamesAndExitCodes) {
  const struct {
    ErrorKind kind;
    const char* name;
    int code;
  } table[] = {
      {ErrorKind::Internal, "Internal", 1},
      {ErrorKind::Usage, "Usage", 2},
      {ErrorKind::NotFound, "NotFound", 3},
      {ErrorKind::AlreadyExists, "AlreadyExists", 4},
      {ErrorKind::Busy, "Busy", 5},
      {ErrorKind::Permission, "Permission", 6},
      {ErrorKind::Corrupt, "Corrupt", 7},
      {ErrorKind::Io, "Io", 8},
      {ErrorKind::RetentionGap, "RetentionGap", 9},
  };
  for (const auto& row : table) {
    EXPECT_EQ(error_kind_name(row.kind), row.name);
    EXPECT_EQ(error_exit_code(row.kind), row.code);
  }
}

TEST(Error, EachErrnoBecomesItsKind) {
  EXPECT_EQ(errno_error(ENOENT, "m").kind(), ErrorKind::NotFound);
  EXPECT_EQ(errno_error(EACCES, "m").kind(), ErrorKind::Permission);
  EXPECT_EQ(errno_error(EPERM, "m").kind(), ErrorKind::Permission);
  EXPECT_EQ(errno_error(EROFS, "m").kind(), ErrorKind::Permission);
  EXPECT_EQ(errno_error(EEXIST, "m").kind(), ErrorKind::AlreadyExists);
  for (const int other : {EIO, ENOSPC, EDQUOT, EMFILE, ENOMEM, EFBIG, ENOLCK, EINVAL})
    EXPECT_EQ(errno_error(other, "m").kind(), ErrorKind::Io) << other;
}

TEST(Error, FromErrnoCarriesMessagePathAndTheSystemsWords) {
  const Error error = errno_error(EIO, "failed to read", "/a/b");
  EXPECT_EQ(error.message(), "failed to read");
  EXPECT_EQ(error.path(), "/a/b");
  ASSERT_EQ(error.causes().size(), 1u);
  EXPECT_NE(error.causes()[0].find("(os error 5)"), std::string::npos);
}

TEST(Error, SaysWhatToDoWhereThatIsKnown) {
  for (const int known : {ENOSPC, EDQUOT, EMFILE, ENOMEM, EFBIG})
    EXPECT_FALSE(errno_error(known, "m").hint().empty()) << known;
  EXPECT_TRUE(errno_error(EIO, "m").hint().empty());
}

TEST(Error, CopiesAreIndependent) {
  Error original =
      Error(ErrorKind::Corrupt, "damaged").with_seq(7).with_offset(4096).with_hint("h");
  const Error copy = original;
  original = Error(ErrorKind::Io, "other");
  EXPECT_EQ(copy.kind(), ErrorKind::Corrupt);
  EXPECT_EQ(copy.message(), "damaged");
  EXPECT_EQ(copy.seq(), 7u);
  EXPECT_EQ(copy.offset(), 4096u);
  EXPECT_EQ(copy.hint(), "h");
  EXPECT_EQ(original.message(), "other");
  EXPECT_FALSE(original.seq());
}

TEST(Error, KeepsCausesOutermostFirst) {
  const Error error = Error(ErrorKind::Io, "m").with_cause("outer").with_cause("inner");
  EXPECT_EQ(error.causes(), (std::vector<std::string>{"outer", "inner"}));
}

}  // namespace
}  // namespace plasmite
