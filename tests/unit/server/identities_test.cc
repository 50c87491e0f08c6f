#include "services/server/identities.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/config/tokens.h"
#include "services/server/inputs.h"
#include "services/server/tls_files.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"
#include "tests/support/unreadable.h"

namespace supervision::server {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::Replace;

// A file of principals with one monitor, and nothing else that can change.
class IdentitiesTest : public ::testing::Test {
 protected:
  std::string WithMonitor(const std::string& name) {
    return "principals:\n  - {id: " + name + ", roles: [MONITOR], certificates: [\"DNS:" + name +
           "\"]}\n";
  }
  bool Knows(const Identities& identities, const std::string& name) {
    return identities.principals()->Get()->Find(name) != nullptr;
  }

  const testing::TempDir place_;
  const std::string file_ = place_.path() + "/principals.yaml";
};

TEST_F(IdentitiesTest, WhatChangesBetweenTheFirstReadingAndTheStartIsReadToo) {
  Replace(file_, WithMonitor("before"));
  config::ServerSettings settings;
  settings.files.principals = file_;
  Inputs inputs = NotYetRead(settings);
  auto loaded = config::LoadPrincipals(file_, "");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  inputs.principals = *std::move(loaded);
  Replace(file_, WithMonitor("meanwhile"));
  prometheus::Registry registry;
  Identities identities({.principals = file_,
                         .look = absl::Milliseconds(1),
                         .log = observability::Logger::Null(),
                         .metrics = &registry},
                        inputs);
  ASSERT_TRUE(Knows(identities, "before"));
  identities.Start();
  EXPECT_TRUE(Eventually([&] { return Knows(identities, "meanwhile"); }));
}

// The value of a metric whose labels are these values, in the order of their names; -1 where there
// is none.
double Metric(const prometheus::Registry& registry, const std::string& name,
              const std::vector<std::string>& labels) {
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.name != name) continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      std::vector<std::string> values;
      for (const auto& label : metric.label) values.push_back(label.value);
      if (values == labels) return metric.counter.value + metric.gauge.value;
    }
  }
  return -1;
}

// What the page of metrics says of a refused file, by what it is of.
double Rejected(const prometheus::Registry& registry, const std::string& what) {
  return Metric(registry, "supervision_identity_rejected", {what});
}

// Files that are refused for a reason that time heals, looked at while minutes pass.
class SecondTryTest : public IdentitiesTest {
 protected:
  void Start(config::ServerSettings::Listen listen, const Inputs& inputs) {
    ::testing::internal::CaptureStderr();
    identities_ = std::make_unique<Identities>(
        Identities::Options{.listen = std::move(listen),
                            .principals = file_,
                            .look = absl::Milliseconds(1),
                            .clock = &clock_,
                            .log = &log_,
                            .metrics = &registry_,
                            .check_streams = [this](const auto&, absl::Time) { ++looks_; }},
        inputs);
    identities_->Start();
  }
  Inputs Read() {
    config::ServerSettings settings;
    settings.files.principals = file_;
    Inputs inputs = NotYetRead(settings);
    inputs.principals = *config::LoadPrincipals(file_, "");
    return inputs;
  }
  void Pass(absl::Duration time) {
    clock_.Advance(time);
    const int then = looks_;
    EXPECT_TRUE(Eventually([&] { return looks_ >= then + 2; }));
  }
  void TearDown() override {
    if (identities_ != nullptr) Said();
  }
  // The events of the log, in their order.
  std::vector<std::string> Said() {
    identities_.reset();
    std::vector<std::string> events;
    const std::vector<std::string> lines =
        absl::StrSplit(::testing::internal::GetCapturedStderr(), '\n', absl::SkipEmpty());
    for (const std::string& line : lines) {
      const size_t begin = line.find("\"event\":\"") + 9;
      events.push_back(line.substr(begin, line.find('"', begin) - begin));
    }
    return events;
  }
  double Reloads(const std::string& what, const std::string& result) const {
    return Metric(registry_, "supervision_identity_reloads_total", {result, what});
  }

  base::FakeClock clock_{absl::Now()};
  observability::Logger log_{observability::Logger::Format::kJson,
                             observability::Logger::Level::kInfo};
  prometheus::Registry registry_;
  std::atomic<int> looks_ = 0;
  std::unique_ptr<Identities> identities_;
};

TEST_F(SecondTryTest, ACertificateThatIsNotValidYetIsTakenWhenItsTimeHasCome) {
  const testing::Certificates before({"--server", "server=localhost"});
  const testing::Certificates after({"--server", "server=localhost"});
  const std::string tls = place_.path() + "/tls";  // both files are exchanged at once
  std::filesystem::create_directory_symlink(before.Path(""), tls);
  config::ServerSettings settings;
  settings.listen.tls_certificate = tls + "/server.pem";
  settings.listen.tls_key = tls + "/server.key";
  Replace(file_, WithMonitor("monitor"));
  Inputs inputs = Read();
  inputs.tls_times = NotYetRead(settings).tls_times;
  inputs.tls = *LoadTls(settings.listen, absl::Now());
  clock_.Advance(-absl::Hours(5));
  Start(settings.listen, inputs);
  std::filesystem::create_directory_symlink(after.Path(""), tls + ".new");
  std::filesystem::rename(tls + ".new", tls);
  ASSERT_TRUE(Eventually([&] { return Reloads("tls", "rejected") == 1; }));
  Pass(absl::Minutes(1));
  Pass(absl::Hours(2));
  EXPECT_EQ(identities_->tls()->Get(), inputs.tls);
  EXPECT_EQ(Rejected(registry_, "tls"), 1);
  Pass(absl::Hours(3));
  EXPECT_TRUE(Eventually([&] { return Rejected(registry_, "tls") == 0; }));
  EXPECT_EQ(identities_->tls()->Get()->texts.certificate, after.Text("server.pem"));
  EXPECT_EQ(Reloads("tls", "rejected"), 1);
  EXPECT_THAT(Said(), ElementsAre("tls_rejected", "tls_loaded"));
}

TEST_F(SecondTryTest, PrincipalsThatCouldNotBeReadForAMomentAreReadWithinAMinute) {
  Replace(file_, WithMonitor("before"));
  Start({}, Read());
  auto disk = std::make_unique<testing::Unreadable>("principals.yaml");
  Replace(file_, WithMonitor("after"));
  ASSERT_TRUE(Eventually([&] { return Rejected(registry_, "principals") == 1; }));
  disk.reset();
  Pass(absl::Seconds(59));
  EXPECT_FALSE(Knows(*identities_, "after"));
  Pass(absl::Seconds(1));
  EXPECT_TRUE(Eventually([&] { return Knows(*identities_, "after"); }));
  EXPECT_TRUE(Eventually([&] { return Rejected(registry_, "principals") == 0; }));
}

TEST_F(SecondTryTest, AClockThatIsSetBackPutsNothingOff) {
  Replace(file_, WithMonitor("before"));
  Start({}, Read());
  auto disk = std::make_unique<testing::Unreadable>("principals.yaml");
  Replace(file_, WithMonitor("after"));
  ASSERT_TRUE(Eventually([&] { return Rejected(registry_, "principals") == 1; }));
  disk.reset();
  Pass(-absl::Hours(24));
  EXPECT_TRUE(Eventually([&] { return Knows(*identities_, "after"); }));
}

// Each try fails, the third for another reason: that alone is news.
TEST_F(SecondTryTest, ARefusalIsToldAgainOnlyWhenItsReasonIsAnother) {
  Replace(file_, WithMonitor("before"));
  Start({}, Read());
  Replace(file_, "principals:\n  - {id: A, roles: [MONITOR]}\n");
  ASSERT_TRUE(Eventually([&] { return Rejected(registry_, "principals") == 1; }));
  Pass(absl::Minutes(1));
  Pass(absl::Minutes(1));
  {
    const testing::Unreadable disk("principals.yaml");
    Pass(absl::Minutes(1));
    Pass(absl::Minutes(1));
    EXPECT_TRUE(Eventually([&] { return Reloads("principals", "rejected") == 2; }));
  }
  EXPECT_EQ(Rejected(registry_, "principals"), 1);
  EXPECT_THAT(Said(), ElementsAre("principals_rejected", "principals_rejected"));
}

// The token of another issue, and nothing else, is a difference; where the files lie is none.
TEST_F(IdentitiesTest, ReplicasThatGoByTheSamePrincipalsAndTokensHaveOneDigest) {
  const testing::TempDir other;
  Replace(file_, WithMonitor("a"));
  Replace(other.path() + "/p.yaml", WithMonitor("a"));
  const auto digest = [](const std::string& file, const std::string& tokens) {
    return config::LoadPrincipals(file, tokens)->digest;
  };
  const std::string one = digest(file_, "");
  EXPECT_EQ(one.size(), 12u);
  EXPECT_EQ(digest(other.path() + "/p.yaml", other.path() + "/none.yaml"), one);
  const std::string tokens = place_.path() + "/tokens.yaml";
  config::TokenRecord draft;
  draft.principal = "a";
  draft.created_at = absl::FromUnixSeconds(1772296200);
  Replace(tokens, config::TokensText({config::MakeToken(draft).record}));
  EXPECT_NE(digest(file_, tokens), one);
  Replace(file_, WithMonitor("b"));
  EXPECT_NE(digest(file_, ""), one);
}

TEST_F(IdentitiesTest, RefusedPrincipalsAreShownUntilAFileIsTakenAgain) {
  Replace(file_, WithMonitor("before"));
  config::ServerSettings settings;
  settings.files.principals = file_;
  Inputs inputs = NotYetRead(settings);
  auto loaded = config::LoadPrincipals(file_, "");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  inputs.principals = *std::move(loaded);
  prometheus::Registry registry;
  std::atomic<int> looks = 0;
  Identities identities({.principals = file_,
                         .look = absl::Milliseconds(1),
                         .log = observability::Logger::Null(),
                         .metrics = &registry,
                         .check_streams = [&](const auto&, absl::Time) { ++looks; }},
                        inputs);
  EXPECT_EQ(Rejected(registry, "principals"), 0);
  identities.Start();
  Replace(file_, "principals:\n  - id: A\n");
  EXPECT_TRUE(Eventually([&] { return Rejected(registry, "principals") == 1; }));
  // Looking at the same file again does not make it good.
  const int then = looks;
  EXPECT_TRUE(Eventually([&] { return looks >= then + 5; }));
  EXPECT_EQ(Rejected(registry, "principals"), 1);
  EXPECT_EQ(Rejected(registry, "tls"), 0);
  Replace(file_, WithMonitor("after"));
  EXPECT_TRUE(Eventually([&] { return Knows(identities, "after"); }));
  EXPECT_TRUE(Eventually([&] { return Rejected(registry, "principals") == 0; }));
}

// What is said of certificates that run out, while days pass.
class CertificateEndTest : public ::testing::Test {
 protected:
  // The lines of the log, when the service looks now and again after each of `passing`.
  std::vector<std::string> Said(std::shared_ptr<const security::TlsMaterial> tls,
                                const std::vector<absl::Duration>& passing) {
    Inputs inputs = NotYetRead({});
    inputs.principals.directory = security::PrincipalDirectory::Create({});
    inputs.tls = std::move(tls);
    base::FakeClock clock(start_);
    observability::Logger log(observability::Logger::Format::kJson,
                              observability::Logger::Level::kInfo);
    prometheus::Registry registry;
    std::atomic<int> looks = 0;
    ::testing::internal::CaptureStderr();
    Identities identities({.look = absl::Milliseconds(1),
                           .clock = &clock,
                           .log = &log,
                           .metrics = &registry,
                           .check_streams = [&](const auto&, absl::Time) { ++looks; }},
                          inputs);
    identities.Start();
    // Behind the first look that comes from now on the time is asked for, before the second.
    const auto looked = [&] {
      const int before = looks;
      EXPECT_TRUE(Eventually([&] { return looks >= before + 2; }));
    };
    looked();
    for (const absl::Duration time : passing) {
      clock.Advance(time);
      looked();
    }
    identities.Stop();
    return absl::StrSplit(::testing::internal::GetCapturedStderr(), '\n', absl::SkipEmpty());
  }

  static std::shared_ptr<const security::TlsMaterial> Ending(absl::Time certificate,
                                                             absl::Time client_ca) {
    security::TlsMaterial material;
    material.certificate_until = certificate;
    material.client_ca_until = client_ca;
    return std::make_shared<const security::TlsMaterial>(std::move(material));
  }

  const absl::Time start_ = absl::Now();
};

auto Ends(const std::string& setting, int days_left) {
  return AllOf(HasSubstr("certificate_ends"), HasSubstr("\"setting\":\"" + setting + "\""),
               HasSubstr("\"days_left\":" + std::to_string(days_left) + "}"));
}

constexpr absl::Duration kDay = absl::Hours(24);

TEST_F(CertificateEndTest, OneThatRunsOutIsWarnedOfThirtyDaysBeforeAndAgainSeven) {
  const testing::Certificates made({"--days", "40", "--server", "server=localhost"});
  config::ServerSettings::Listen listen;
  listen.tls_certificate = made.Path("server.pem");
  listen.tls_key = made.Path("server.key");
  const auto tls = LoadTls(listen, absl::Now());
  ASSERT_TRUE(tls.ok()) << tls.status();
  // 28, 27 and 5 days are left, and an hour less than one more.
  EXPECT_THAT(Said(*tls, {11 * kDay + absl::Hours(1), kDay, 22 * kDay}),
              ElementsAre(Ends("listen.tls_certificate", 28), Ends("listen.tls_certificate", 5)));
}

TEST_F(CertificateEndTest, OneOfTheLastDaysIsWarnedOfOnceAtTheStart) {
  EXPECT_THAT(Said(Ending(start_ + 5.5 * kDay, absl::InfiniteFuture()), {kDay}),
              ElementsAre(Ends("listen.tls_certificate", 5)));
}

TEST_F(CertificateEndTest, TheClientsAuthorityIsNamedWhereItRunsOutFirst) {
  EXPECT_THAT(Said(Ending(start_ + 90 * kDay, start_ + 20.5 * kDay), {}),
              ElementsAre(Ends("listen.tls_client_ca", 20)));
}

}  // namespace
}  // namespace supervision::server
