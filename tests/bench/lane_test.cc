#include "tests/bench/lane.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/record/json_text.h"
#include "tests/bench/stats.h"
#include "tests/bench/workload.h"

namespace plasmite::bench {
namespace {

std::vector<Pair> pairs_with_ratios(const std::vector<double>& ratios) {
  std::vector<Pair> pairs;
  for (const double ratio : ratios) pairs.push_back({.floor = {10}, .value = {10 * ratio}});
  return pairs;
}

Lane lane_with_goal(Better better, double goal) {
  Lane lane;
  lane.better = better;
  lane.goal = goal;
  return lane;
}

TEST(Quantile, InterpolatesBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({1, 2}, 0.5), 1.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.9), 9);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.99), 7);
}

TEST(Judge, TakesTheMedianOfThePairsRatios) {
  // The quotient of the medians would be 2.
  const Lane lane = lane_with_goal(Better::higher, 1);
  const auto result = judge(
      lane,
      {{.floor = {1}, .value = {1}}, {.floor = {2}, .value = {6}}, {.floor = {3}, .value = {4}}});
  EXPECT_DOUBLE_EQ(result.ratio, 4.0 / 3);
  EXPECT_DOUBLE_EQ(result.value, 4);
  EXPECT_DOUBLE_EQ(result.floor, 2);
}

TEST(Judge, HoldsTheGoalInItsDirection) {
  const Lane fast = lane_with_goal(Better::higher, 0.75);
  EXPECT_TRUE(judge(fast, pairs_with_ratios({0.75})).ok);
  EXPECT_FALSE(judge(fast, pairs_with_ratios({0.74})).ok);
  const Lane slow = lane_with_goal(Better::lower, 2);
  EXPECT_TRUE(judge(slow, pairs_with_ratios({2})).ok);
  EXPECT_FALSE(judge(slow, pairs_with_ratios({2.01})).ok);
}

TEST(Judge, GivesTheRatioByProcessorTimeInTheSenseOfTheLane) {
  const std::vector<Pair> twice_the_time = {
      {.floor = {.figure = 1, .cpu_ns = 50}, .value = {.figure = 1, .cpu_ns = 100}}};
  EXPECT_DOUBLE_EQ(judge(lane_with_goal(Better::higher, 1), twice_the_time).cpu_ratio, 0.5);
  EXPECT_DOUBLE_EQ(judge(lane_with_goal(Better::lower, 1), twice_the_time).cpu_ratio, 2);
  EXPECT_EQ(judge(lane_with_goal(Better::lower, 1), pairs_with_ratios({1})).cpu_ratio, 0);
}

TEST(Judge, CallsPairsNoisyThatDisagreeByMoreThanFifteenPercent) {
  const Lane lane{};
  EXPECT_FALSE(judge(lane, pairs_with_ratios({1, 1, 1, 1, 1, 1, 1, 1, 1.14})).noisy);
  EXPECT_TRUE(judge(lane, pairs_with_ratios({1, 1, 1, 1, 1, 1, 1, 1.2, 1.2})).noisy);
}

TEST(Lanes, HaveDistinctNamesAndAGoal) {
  std::vector<std::string_view> names;
  for (const Lane& lane : all_lanes()) {
    EXPECT_EQ(std::count(names.begin(), names.end(), lane.name), 0) << lane.name;
    EXPECT_GT(lane.goal, 0) << lane.name;
    EXPECT_GE(lane.default_pairs, 9) << lane.name;
    names.push_back(lane.name);
  }
}

TEST(Workload, MakesTheSameRecordsOfTheWantedLengthEveryTime) {
  const auto one = Workload::json_records(1'000, 200, 20);
  const auto two = Workload::json_records(1'000, 200, 20);
  EXPECT_EQ(one.block(), two.block());
  EXPECT_NEAR(one.mean_bytes(), 200, 2);
  for (const std::string_view line : one.lines()) {
    EXPECT_GE(line.size(), 180u);
    EXPECT_LE(line.size(), 220u);
  }
  for (const std::string_view line : Workload::json_records(1'000, 150, 0).lines())
    ASSERT_EQ(line.size(), 150u);
}

TEST(Workload, RecordsAreMinifiedJsonObjects) {
  JsonValidator validator;
  TextArena arena;
  const auto workload = Workload::json_records(1'000, 200, 20);
  for (const std::string_view line : workload.lines()) {
    const auto text = validator.validate_object({line}, arena);
    ASSERT_TRUE(text.has_value()) << line;
    EXPECT_EQ(text->view().data(), line.data()) << "was not minified: " << line;
  }
}

}  // namespace
}  // namespace plasmite::bench
