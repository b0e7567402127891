#include "agent/intake/source.h"

#include <gtest/gtest.h>

#include "agent/intake/stdin_source.h"
#include "agent/intake/tap_source.h"
#include "tests/unit/agent/intake/source_fixture.h"

namespace plasmite {
namespace {

using std::chrono::milliseconds;

class MakeSourceTest : public SourceTest {};

TEST_F(MakeSourceTest, MakesWhatTheConfigurationSays) {
  const SourceContext context = this->context();
  config_.kind = StdinConfig{};
  EXPECT_NE(dynamic_cast<StdinSource*>(make_source(context).get()), nullptr);
  config_.kind = TapConfig{.command = {"true"}};
  EXPECT_NE(dynamic_cast<TapSource*>(make_source(context).get()), nullptr);
}

TEST_F(MakeSourceTest, AnySourceStartsAgainAfterAQuarterOfASecondDoubledUpToTwo) {
  const SourceContext context = this->context();
  config_.kind = StdinConfig{};
  const auto source = make_source(context);
  EXPECT_EQ(source->restart_delay(0), milliseconds(250));
  EXPECT_EQ(source->restart_delay(1), milliseconds(250));
  EXPECT_EQ(source->restart_delay(2), milliseconds(500));
  EXPECT_EQ(source->restart_delay(3), milliseconds(1000));
  EXPECT_EQ(source->restart_delay(4), milliseconds(2000));
  EXPECT_EQ(source->restart_delay(UINT32_MAX), milliseconds(2000));
}

TEST_F(MakeSourceTest, ATapStartsAgainAsItsConfigurationSays) {
  const SourceContext context = this->context();
  config_.kind = TapConfig{.command = {"true"},
                           .restart_delay = milliseconds(100),
                           .max_restart_delay = milliseconds(1000)};
  const auto source = make_source(context);
  EXPECT_EQ(source->restart_delay(1), milliseconds(100));
  EXPECT_EQ(source->restart_delay(2), milliseconds(200));
  EXPECT_EQ(source->restart_delay(4), milliseconds(800));
  EXPECT_EQ(source->restart_delay(5), milliseconds(1000));
  EXPECT_EQ(source->restart_delay(UINT32_MAX), milliseconds(1000));
}

}  // namespace
}  // namespace plasmite
