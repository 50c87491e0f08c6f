#include "services/server/identities.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/server/inputs.h"
#include "services/server/tls_files.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

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

// What the page of metrics says of a refused file, by what it is of; -1 where it says nothing.
double Rejected(const prometheus::Registry& registry, const std::string& what) {
  for (const prometheus::MetricFamily& family : registry.Collect()) {
    if (family.name != "supervision_identity_rejected") continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      if (metric.label.at(0).value == what) return metric.gauge.value;
    }
  }
  return -1;
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
