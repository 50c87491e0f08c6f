#include "services/classification/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>
#include <random>
#include <span>

#include "services/base/hash.h"
#include "services/classification/model/format.h"

namespace supervision::classification {
namespace {

using testing::HasSubstr;

// Two classes; 甲 speaks for A, 乙 for B, the signal CUE for B.
ModelData Small() {
  ModelData data;
  data.version = "7";
  data.classes = {"A", "B"};
  data.review_below = 0.5F;
  data.keys = {U'乙', U'甲', (FeatureKey{U'甲'} << 21) | U'甲', SignalKey(SignalKind::kCue, "CUE")};
  data.values = {1, 1, 1, 0.5F};
  data.weights = {-10, 10, 10, -10, 20, -20, -10, 10};
  data.steps = {0.1F, 0.1F};
  data.biases = {0, 0};
  data.logits = {1, 0, 0, 1};
  data.logit_biases = {0, 0};
  return data;
}

// Small, with two problem models of class B: 乙 shows P-1, the signal CUE shows P-2.
ModelData WithProblems() {
  ModelData data = Small();
  data.problems = {{"P-1", 1, 0.1F, -2, {0, 3}, {100, 0}}, {"P-2", 1, 0.1F, -2, {3}, {100}}};
  return data;
}

Features Of(std::u32string text) {
  Features features;
  features.characters = std::move(text);
  for (uint32_t i = 0; i <= features.characters.size(); ++i) features.offsets.push_back(3 * i);
  return features;
}

std::vector<float> Score(const Model& model, const Features& features) {
  Model::Workspace workspace;
  std::vector<float> p(model.classes().size());
  model.Score(features, &workspace, p.data());
  return p;
}

// The file of `data` with its checksum made right again after `change`.
std::string Forged(const std::function<void(std::string*)>& change,
                   const ModelData& data = Small()) {
  std::string bytes = WriteModel(data);
  bytes.resize(bytes.size() - 32);
  change(&bytes);
  const base::Sha256Digest digest = base::Sha256(bytes);
  return bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

std::string Refusal(std::string_view bytes) {
  const auto model = Model::Load(bytes);
  EXPECT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(model.status().message());
}

TEST(ModelTest, ProbabilitiesAddUpToOneAndFollowTheWeights) {
  const auto model = Model::Load(WriteModel(Small())).value();
  const std::vector<float> p = Score(*model, Of(U"甲丙"));
  EXPECT_NEAR(p[0] + p[1], 1, 1e-6);
  EXPECT_GT(p[0], 0.8F);
  EXPECT_GT(Score(*model, Of(U"乙丙"))[1], 0.8F);
}

TEST(ModelTest, ATextWithoutKnownFeaturesIsUndecided) {
  const auto model = Model::Load(WriteModel(Small())).value();
  EXPECT_THAT(Score(*model, Of(U"丙丁")), testing::ElementsAre(0.5F, 0.5F));
  EXPECT_THAT(Score(*model, Of(U"")), testing::ElementsAre(0.5F, 0.5F));
}

TEST(ModelTest, SignalsCountOnce) {
  const auto model = Model::Load(WriteModel(Small())).value();
  Features once = Of(U"丙");
  once.signals.push_back({SignalKey(SignalKind::kCue, "CUE"), 0, 0});
  Features twice = once;
  twice.signals.push_back(once.signals[0]);
  EXPECT_GT(Score(*model, once)[1], 0.5F);
  EXPECT_EQ(Score(*model, once), Score(*model, twice));
}

TEST(ModelTest, AUsedWorkspaceLeavesNoTrace) {
  const auto model = Model::Load(WriteModel(Small())).value();
  Model::Workspace workspace;
  std::vector<float> first(2);
  std::vector<float> again(2);
  const Features text = Of(U"甲甲乙");
  model->Score(text, &workspace, first.data());
  model->Explain(text, 0, 1, 3, &workspace);
  model->Score(Of(U"乙乙乙乙"), &workspace, again.data());
  model->Score(text, &workspace, again.data());
  EXPECT_EQ(first, again);
}

TEST(ModelTest, ExplainsByTheStrongestPlaces) {
  const auto model = Model::Load(WriteModel(Small())).value();
  Model::Workspace workspace;
  std::vector<float> p(2);
  const Features text = Of(U"丙甲甲丙乙");
  model->Score(text, &workspace, p.data());
  const auto for_a = model->Explain(text, 0, 1, 3, &workspace);
  ASSERT_EQ(for_a.size(), 1u);
  EXPECT_EQ(for_a[0].begin, 3u);
  EXPECT_EQ(for_a[0].end, 9u);
  EXPECT_GT(for_a[0].weight, 0);
  const auto for_b = model->Explain(text, 1, 0, 3, &workspace);
  ASSERT_EQ(for_b.size(), 1u);
  EXPECT_EQ(for_b[0].begin, 12u);
}

TEST(ModelTest, ASignalInsideANumberIsExplainedByTheWholeNumber) {
  const auto model = Model::Load(WriteModel(Small())).value();
  Model::Workspace workspace;
  std::vector<float> p(2);
  Features text = Of(U"丙0丙");  // the number has three numerals, of which the second is the cue
  text.offsets = {0, 3, 12, 15};
  text.signals.push_back({SignalKey(SignalKind::kCue, "CUE"), 6, 9});
  model->Score(text, &workspace, p.data());
  const auto places = model->Explain(text, 1, 0, 3, &workspace);
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].begin, 3u);
  EXPECT_EQ(places[0].end, 12u);
}

TEST(ModelTest, AFileReadAgainGivesTheSameModel) {
  const std::string bytes = WriteModel(WithProblems());
  const auto data = ReadModel(bytes);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(WriteModel(*data), bytes);
  EXPECT_THAT(std::string(Model::Load(bytes).value()->version()), testing::StartsWith("7+"));
}

TEST(ModelTest, SaysWhichProblemsOfAClassATextShows) {
  const auto model = Model::Load(WriteModel(WithProblems())).value();
  Model::Workspace workspace;
  std::vector<float> p(2);
  Features text = Of(U"乙丙");
  model->Score(text, &workspace, p.data());
  std::span<const LearntProblem> problems = model->Problems(1, &workspace);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].code, "P-1");
  EXPECT_GT(problems[0].probability, 0.9F);
  EXPECT_LT(problems[1].probability, 0.2F);
  EXPECT_THAT(model->Problems(0, &workspace), testing::IsEmpty()) << "no problem of that class";
  text = Of(U"丙");
  text.signals.push_back({SignalKey(SignalKind::kCue, "CUE"), 0, 0});
  model->Score(text, &workspace, p.data());
  problems = model->Problems(1, &workspace);
  EXPECT_EQ(problems[0].code, "P-2");
  EXPECT_GT(problems[0].probability, 0.9F);
  EXPECT_LT(problems[1].probability, 0.2F);
}

TEST(ModelTest, AClassHasAsManyProblemsAsWereLearnt) {
  constexpr int kMany = 40;  // more than are summed at once
  ModelData data = Small();
  for (int i = 0; i < kMany; ++i) {
    data.problems.push_back({"P-" + std::to_string(10 + i), 1, 0.1F, -2, {0}, {int8_t(2 * i)}});
  }
  const auto model = Model::Load(WriteModel(data)).value();
  Model::Workspace workspace;
  std::vector<float> p(2);
  model->Score(Of(U"乙"), &workspace, p.data());
  const std::span<const LearntProblem> problems = model->Problems(1, &workspace);
  ASSERT_EQ(problems.size(), size_t{kMany});
  for (int i = 0; i < kMany; ++i) {  // the likeliest first
    const int learnt = kMany - 1 - i;
    EXPECT_EQ(problems[i].code, "P-" + std::to_string(10 + learnt));
    const float logit = 0.1F * static_cast<float>(2 * learnt) - 2;
    EXPECT_NEAR(problems[i].probability, 1 / (1 + std::exp(-logit)), 1e-5);
  }
}

TEST(ModelTest, ExplainsAProblemByThePlacesThatShowIt) {
  const auto model = Model::Load(WriteModel(WithProblems())).value();
  Model::Workspace workspace;
  std::vector<float> p(2);
  Features text = Of(U"丙甲甲丙乙丁");
  text.signals.push_back({SignalKey(SignalKind::kCue, "CUE"), 0, 3});
  model->Score(text, &workspace, p.data());
  const auto first = model->ExplainProblem(text, 1, "P-1", 3, &workspace);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].begin, 12u);
  EXPECT_EQ(first[0].end, 15u);
  const auto second = model->ExplainProblem(text, 1, "P-2", 3, &workspace);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].begin, 0u);
  EXPECT_EQ(second[0].end, 3u);
  EXPECT_THAT(model->ExplainProblem(text, 0, "P-1", 3, &workspace), testing::IsEmpty())
      << "not of that class";
}

TEST(ModelTest, WhatAPlaceAddsToAProblemIsInItsLogit) {
  const auto model = Model::Load(WriteModel(WithProblems())).value();
  Model::Workspace workspace;
  std::vector<float> p(2);
  const Features text = Of(U"乙");
  model->Score(text, &workspace, p.data());
  const float shown = model->Problems(1, &workspace)[0].probability;
  const auto places = model->ExplainProblem(text, 1, "P-1", 3, &workspace);
  ASSERT_EQ(places.size(), 1u);
  EXPECT_NEAR(places[0].weight - 2, std::log(shown / (1 - shown)), 1e-4) << "-2 is the bias";
}

TEST(ModelTest, AFileFromBeforeProblemsIsStillRead) {
  const std::string bytes = Forged([](std::string* file) {
    (*file)[8] = 1;
    file->resize(file->size() - sizeof(uint32_t));  // how many problems follow
    (*file)[12] = static_cast<char>((*file)[12] - sizeof(uint32_t));
  });
  const auto model = Model::Load(bytes);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_GT(Score(**model, Of(U"甲丙"))[0], 0.8F);
}

TEST(ModelTest, RefusesProblemsThatMakeNoSense) {
  ModelData data = WithProblems();
  data.problems[0].klass = 2;
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("no class"));
  data = WithProblems();
  data.problems[0].rows = {3, 0};
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of order"));
  data = WithProblems();
  data.problems[1].rows = {4};
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of order"));
  data = WithProblems();
  data.problems[1].step = 0;
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of range"));
}

TEST(ModelTest, RefusesEveryCutFile) {
  const std::string bytes = WriteModel(WithProblems());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Model::Load(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Model::Load(bytes + "x").ok());
}

TEST(ModelTest, RefusesEveryChangedByte) {
  const std::string bytes = WriteModel(Small());
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_FALSE(Model::Load(changed).ok()) << i;
  }
}

TEST(ModelTest, SaysWhatIsWrongAndWhatToDo) {
  EXPECT_THAT(Refusal(""), HasSubstr("this is no model"));
  EXPECT_THAT(Refusal("PK\x03\x04 something else altogether, long enough to hold a head"),
              HasSubstr("supervisionctl train"));
  EXPECT_THAT(Refusal(Forged([](std::string* bytes) { (*bytes)[8] = 9; })),
              HasSubstr("it has format 9, this program reads formats up to 2"));
  std::string changed = WriteModel(Small());
  changed[40] = static_cast<char>(changed[40] + 1);
  EXPECT_THAT(Refusal(changed), HasSubstr("checksum"));
  EXPECT_THAT(Refusal(WriteModel(Small()).substr(0, 60)), HasSubstr("cut short"));
}

TEST(ModelTest, RefusesNumbersThatMakeNoSense) {
  ModelData data = Small();
  data.values[0] = NAN;
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of range"));
  data = Small();
  data.steps[1] = INFINITY;
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of range"));
  data = Small();
  data.review_below = 1.5F;
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of range"));
  data = Small();
  data.classes = {"A", "A"};
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("names of their own"));
  data = Small();
  std::swap(data.keys[0], data.keys[1]);
  EXPECT_THAT(Refusal(WriteModel(data)), HasSubstr("out of order"));
}

// Whoever can make checksums still gets no more than a refusal or a model that works.
TEST(ModelTest, SurvivesForgedBodies) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  for (int round = 0; round < 2000; ++round) {
    const std::string bytes = Forged(
        [&](std::string* body) {
          for (int changes = 0; changes < 3; ++changes) {
            (*body)[20 + random() % (body->size() - 20)] = static_cast<char>(random());
          }
        },
        WithProblems());
    const auto model = Model::Load(bytes);
    if (!model.ok()) continue;
    Model::Workspace workspace;
    std::vector<float> p((*model)->classes().size());
    (*model)->Score(Of(U"甲甲乙丙"), &workspace, p.data());
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0F), 1, 1e-3);
    for (size_t klass = 0; klass < p.size(); ++klass) (*model)->Problems(klass, &workspace);
  }
}

}  // namespace
}  // namespace supervision::classification
