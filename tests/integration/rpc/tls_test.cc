// TLS and mutual TLS on a real server, with certificates that deploy/certs has made.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tests/integration/rpc/calls.h"
#include "tests/integration/rpc/consume_client.h"
#include "tests/support/certificates.h"
#include "tests/support/eventually.h"

namespace supervision::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string ShippedPrincipals() {
  return TextOf(SUPERVISION_SOURCE_DIR "/deploy/config/principals.yaml");
}

// A server's files in a place of their own, so that a test may exchange them.
struct ServerFiles {
  explicit ServerFiles(const Certificates& from) {
    Replace(Certificate(), from.Text("server.pem"));
    Replace(Key(), from.Text("server.key"));
    Replace(Ca(), from.Text("ca.pem"));
    Replace(Principals(), ShippedPrincipals());
  }
  std::string Certificate() const { return place.path() + "/tls.pem"; }
  std::string Key() const { return place.path() + "/tls.key"; }
  std::string Ca() const { return place.path() + "/ca.pem"; }
  std::string Principals() const { return place.path() + "/principals.yaml"; }
  std::vector<std::string> Flags(const std::string& client_certificates = "off") const {
    std::vector<std::string> flags = {"--listen.tls_certificate=" + Certificate(),
                                      "--listen.tls_key=" + Key(),
                                      "--files.principals=" + Principals(),
                                      "--listen.client_certificates=" + client_certificates};
    if (client_certificates != "off") flags.push_back("--listen.tls_client_ca=" + Ca());
    return flags;
  }
  const TempDir place;
};

struct Shown {
  std::string ca;
  std::string certificate = {};
  std::string key = {};
  std::string name = "localhost";
};
std::shared_ptr<grpc::Channel> Channel(const TestServer& server, const Shown& shown) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetSslTargetNameOverride(shown.name);
  return grpc::CreateCustomChannel(server.address(),
                                   grpc::SslCredentials({.pem_root_certs = shown.ca,
                                                         .pem_private_key = shown.key,
                                                         .pem_cert_chain = shown.certificate}),
                                   arguments);
}

grpc::Status Call(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
    const std::string& method = "/supervision.v1.ClassificationService/ListScenarios") {
  return CallRaw(channel, method, "", token).status;
}

// Why a server with these settings is refused; empty when it is not.
std::string Refusal(const std::vector<std::string>& flags) {
  config::ServerSources sources;
  sources.file = SUPERVISION_SOURCE_DIR "/deploy/config/server.yaml";
  sources.flags = flags;
  const auto settings = config::LoadServer(sources);
  if (!settings.ok()) return std::string(settings.status().message());
  const auto server = server::Server::New(
      {.settings = *settings, .log = observability::Logger::Null(), .version = "test"});
  return std::string(server.status().message());
}

// One for the suite: making keys takes time. "other" is an authority that nobody trusts.
class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = new Certificates();
    certificates_->Make({"--server", "renewed=renewed.example", "--client", "stranger"});
    // One that has a host's name beside its URI.
    certificates_->Make({"--client", "gateway=spiffe://supervision/gateway,DNS:gateway.example"});
    certificates_->Make({"--days", "-1", "--server", "expired=localhost", "--client", "late"});
    other_ = new Certificates();
  }
  static void TearDownTestSuite() {
    delete certificates_;
    delete other_;
  }
  static Certificates* certificates_;
  static Certificates* other_;

  Shown WithClient(const std::string& name) const {
    return {.ca = certificates_->Text("ca.pem"),
            .certificate = certificates_->Text(name + ".pem"),
            .key = certificates_->Text(name + ".key")};
  }
  const Shown plain_{.ca = certificates_->Text("ca.pem")};
  const ServerFiles files_{*certificates_};
};
Certificates* TlsTest::certificates_ = nullptr;
Certificates* TlsTest::other_ = nullptr;

constexpr char kReloads[] = "supervision_identity_reloads_total";
std::string Reloads(const std::string& what, const std::string& result) {
  return std::string(kReloads) + "{result=\"" + result + "\",what=\"" + what + "\"}";
}
std::string Failed(const std::string& reason) {
  return "supervision_tls_handshakes_failed_total{reason=\"" + reason + "\"}";
}

TEST_F(TlsTest, AClientThatTrustsTheAuthorityIsServed) {
  const TestServer server({.flags = files_.Flags()});
  EXPECT_TRUE(Call(Channel(server, plain_), kMonitorToken).ok());
  EXPECT_EQ(ReasonOf(Call(Channel(server, plain_), "")), "UNAUTHENTICATED");
  EXPECT_GT(server.Metric("supervision_tls_expiry_seconds{what=\"certificate\"}"), 1.7e9);
}

TEST_F(TlsTest, WhoSpeaksPlainTextOrTrustsAnotherAuthorityIsNotServedAndCounted) {
  const TestServer server({.flags = files_.Flags()});
  EXPECT_EQ(Call(server.channel(), kMonitorToken).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Eventually([&] { return server.Metric(Failed("not_tls")) >= 1; }))
      << server.Metrics();
  EXPECT_EQ(Call(Channel(server, {.ca = other_->Text("ca.pem")}), kMonitorToken).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Eventually([&] {
    return server.Metric(Failed("closed")) + server.Metric(Failed("client_refused")) >= 1;
  })) << server.Metrics();
}

TEST_F(TlsTest, ANameThatTheCertificateDoesNotHaveIsNoticedByTheClient) {
  const TestServer server({.flags = files_.Flags()});
  Shown shown = plain_;
  shown.name = "elsewhere.example";
  EXPECT_EQ(Call(Channel(server, shown), kMonitorToken).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, WhereACertificateIsRequiredNobodyComesWithoutAGoodOne) {
  const TestServer server({.flags = files_.Flags("required")});
  EXPECT_TRUE(Call(Channel(server, WithClient("client")), kMonitorToken).ok());
  EXPECT_EQ(Call(Channel(server, plain_), kMonitorToken).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Eventually([&] { return server.Metric(Failed("no_client_certificate")) >= 1; }))
      << server.Metrics();
  Shown stranger = plain_;
  stranger.certificate = other_->Text("client.pem");
  stranger.key = other_->Text("client.key");
  EXPECT_EQ(Call(Channel(server, stranger), kMonitorToken).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Channel(server, WithClient("late")), kMonitorToken).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(Eventually([&] { return server.Metric(Failed("client_certificate")) >= 2; }))
      << server.Metrics();
}

TEST_F(TlsTest, ACertificateStandsForATokenWhereAPrincipalHasItsName) {
  Replace(files_.Principals(), ShippedPrincipals() + R"(
  - id: by-uri
    roles: [MONITOR]
    certificates: ["URI:spiffe://supervision/client"]
  - id: by-subject
    roles: [OPERATOR]
    certificates: ["SUBJECT:CN=stranger"]
)");
  const TestServer server({.flags = files_.Flags("optional")});
  const char kStatus[] = "/supervision.v1.AdminService/GetStatus";
  const auto monitor = Channel(server, WithClient("client"));
  EXPECT_TRUE(Call(monitor, "").ok());
  EXPECT_EQ(ReasonOf(Call(monitor, "", kStatus)), "PERMISSION_DENIED");
  EXPECT_TRUE(Call(Channel(server, WithClient("stranger")), "", kStatus).ok());
  // A token says who calls wherever there is one, also a wrong one.
  EXPECT_TRUE(Call(monitor, kOperatorToken, kStatus).ok());
  EXPECT_EQ(ReasonOf(Call(monitor, "not-a-token")), "UNAUTHENTICATED");
  EXPECT_EQ(ReasonOf(Call(Channel(server, plain_), "")), "UNAUTHENTICATED");
}

TEST_F(TlsTest, AHostsNameInACertificateStandsForAPrincipalToo) {
  Replace(files_.Principals(), ShippedPrincipals() + R"(
  - id: by-host
    roles: [MONITOR]
    certificates: ["DNS:gateway.example"]
  - id: by-another-host
    roles: [OPERATOR]
    certificates: ["DNS:example", "DNS:client"]
)");
  const TestServer server({.flags = files_.Flags("optional")});
  const auto gateway = Channel(server, WithClient("gateway"));
  EXPECT_TRUE(Call(gateway, "").ok());
  EXPECT_EQ(ReasonOf(Call(gateway, "", "/supervision.v1.AdminService/GetStatus")),
            "PERMISSION_DENIED");
  // Its subject is CN=client, which is no host's name.
  EXPECT_EQ(ReasonOf(Call(Channel(server, WithClient("client")), "")), "UNAUTHENTICATED");
}

TEST_F(TlsTest, AChangedCertificateServesTheNextConnectionAndNoStreamEnds) {
  TestServer server({.flags = files_.Flags()});
  const auto channel = Channel(server, plain_);
  Watcher watcher(channel, FromLatest());
  ASSERT_TRUE(watcher.NextMessage().has_value());
  Replace(files_.Key(), certificates_->Text("renewed.key"));
  Replace(files_.Certificate(), certificates_->Text("renewed.pem"));
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("tls", "loaded")) >= 1; }));
  Shown renewed = plain_;
  renewed.name = "renewed.example";
  const auto next = Channel(server, renewed);
  EXPECT_TRUE(Call(next, kMonitorToken).ok());
  EXPECT_TRUE(Submit(*v1::ClueService::NewStub(next), ValidRequest(1)).status.ok());
  EXPECT_THAT(watcher.Next(1), SizeIs(1));
}

TEST_F(TlsTest, AKeyThatDoesNotFitAtAReloadLeavesTheLastGoodPair) {
  TestServer server({.flags = files_.Flags()});
  Replace(files_.Key(), other_->Text("server.key"));
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("tls", "rejected")) >= 1; }));
  EXPECT_TRUE(Call(Channel(server, plain_), kMonitorToken).ok());
  Replace(files_.Certificate(), certificates_->Text("expired.pem"));
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("tls", "rejected")) >= 2; }));
  Replace(files_.Key(), certificates_->Text("expired.key"));
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("tls", "rejected")) >= 3; }));
  EXPECT_TRUE(Call(Channel(server, plain_), kMonitorToken).ok());
  // It is shown for as long as the files are bad.
  const std::string rejected = "supervision_identity_rejected{what=\"tls\"}";
  EXPECT_EQ(server.Metric(rejected), 1);
  Replace(files_.Certificate(), certificates_->Text("renewed.pem"));
  Replace(files_.Key(), certificates_->Text("renewed.key"));
  EXPECT_TRUE(Eventually([&] { return server.Metric(rejected) == 0; }));
}

// Key, dates and names are right, and no client would get in.
TEST_F(TlsTest, ACertificateTooWeakForOpensslAtAReloadLeavesTheLastGoodPair) {
  TestServer server({.flags = files_.Flags()});
  const std::string weak = files_.place.path() + "/weak";
  const std::string command =
      "openssl req -x509 -nodes -days 30 -subj /CN=weak -addext subjectAltName=DNS:localhost "
      "-newkey rsa:1024 -out " +
      weak + ".pem -keyout " + weak + ".key 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  Replace(files_.Key(), TextOf(weak + ".key"));
  Replace(files_.Certificate(), TextOf(weak + ".pem"));
  EXPECT_TRUE(Eventually(
      [&] { return server.Metric("supervision_identity_rejected{what=\"tls\"}") == 1; }));
  EXPECT_TRUE(Call(Channel(server, plain_), kMonitorToken).ok());
  EXPECT_THAT(Refusal(files_.Flags()), HasSubstr("cannot be used for TLS"));
}

TEST_F(TlsTest, AChangedClientAuthorityCountsForTheNextConnection) {
  TestServer server({.flags = files_.Flags("required")});
  Replace(files_.Ca(), other_->Text("ca.pem"));
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("tls", "loaded")) >= 1; }));
  EXPECT_FALSE(Call(Channel(server, WithClient("client")), kMonitorToken).ok());
  Shown shown = plain_;
  shown.certificate = other_->Text("client.pem");
  shown.key = other_->Text("client.key");
  EXPECT_TRUE(Call(Channel(server, shown), kMonitorToken).ok());
}

TEST_F(TlsTest, WhatCannotServeIsRefusedAtTheStartWithSettingProblemAndRemedy) {
  Replace(files_.Key(), other_->Text("server.key"));
  EXPECT_THAT(Refusal(files_.Flags()), AllOf(HasSubstr("listen.tls_key " + files_.Key()),
                                             HasSubstr("does not fit"), HasSubstr("take the key")));
  Replace(files_.Certificate(), certificates_->Text("expired.pem"));
  Replace(files_.Key(), certificates_->Text("expired.key"));
  EXPECT_THAT(Refusal(files_.Flags()), AllOf(HasSubstr("listen.tls_certificate"),
                                             HasSubstr("has run out"), HasSubstr("put a new one")));
  Replace(files_.Certificate(), certificates_->Text("client.pem"));
  Replace(files_.Key(), certificates_->Text("client.key"));
  EXPECT_THAT(Refusal(files_.Flags()), HasSubstr("is no server's certificate"));
  Replace(files_.Certificate(), "something else");
  EXPECT_THAT(Refusal(files_.Flags()), HasSubstr("has no certificate"));
  Replace(files_.Ca(), certificates_->Text("server.pem"));
  EXPECT_THAT(Refusal(files_.Flags("required")), HasSubstr("is no authority"));
  std::vector<std::string> flags = files_.Flags();
  flags[0] += ".missing";
  EXPECT_THAT(Refusal(flags), AllOf(HasSubstr("listen.tls_certificate"),
                                    HasSubstr("cannot be read"), HasSubstr("check the path")));
  flags.erase(flags.begin() + 1);
  EXPECT_THAT(Refusal(flags), AllOf(HasSubstr("listen.tls_key"), HasSubstr("belong together")));
}

TEST_F(TlsTest, PlainTextIsForThisMachineUnlessTheFrighteningSettingSaysOtherwise) {
  Replace(files_.Principals(), R"(
principals:
  - id: one
    roles: [OPERATOR]
    token_hashes: ["00112233445566778899aabbccddeeff:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"]
)");
  std::vector<std::string> flags = {"--listen.grpc=0.0.0.0:0",
                                    "--files.principals=" + files_.Principals()};
  EXPECT_THAT(Refusal(flags), AllOf(HasSubstr("listen.grpc 0.0.0.0:0"), HasSubstr("without TLS"),
                                    HasSubstr("listen.tls_certificate")));
  flags.push_back("--listen.let_everyone_on_the_network_read_tokens_and_clues=true");
  EXPECT_EQ(Refusal(flags), "");
  flags = files_.Flags();
  flags.push_back("--listen.grpc=0.0.0.0:0");
  EXPECT_EQ(Refusal(flags), "");
}

TEST_F(TlsTest, ChangedPrincipalsCountForOpenStreamsToo) {
  TestServer server({.flags = files_.Flags()});
  const auto channel = Channel(server, plain_);
  Watcher all(channel, FromLatest());
  Watcher scoped(channel, FromLatest(), kScopedMonitorToken);
  ASSERT_TRUE(all.NextMessage().has_value());
  ASSERT_TRUE(scoped.NextMessage().has_value());
  std::string principals = ShippedPrincipals();
  const size_t region = principals.find("regions: [\"3304\"]");
  ASSERT_NE(region, std::string::npos);
  principals.replace(region, 17, "regions: [\"3303\"]");
  const size_t monitor = principals.find("  - id: example-monitor\n");
  ASSERT_NE(monitor, std::string::npos);
  principals.erase(monitor, principals.find("  - id:", monitor + 1) - monitor);
  Replace(files_.Principals(), principals);
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("principals", "loaded")) >= 1; }));
  const grpc::Status gone = all.Finish();
  EXPECT_EQ(ReasonOf(gone), "UNAUTHENTICATED");
  // It ends in order, with its cursor, and its client goes on with what it may see now.
  EXPECT_TRUE(scoped.Finish().ok());
  Watcher again(channel, FromCursor(scoped.cursor()), kScopedMonitorToken);
  ASSERT_TRUE(Submit(*v1::ClueService::NewStub(channel), ValidRequest(1)).status.ok());
  v1::SubmitClueRequest elsewhere = ValidRequest(2);
  elsewhere.mutable_clue()->set_region_code("330302");
  const Submitted seen = Submit(*v1::ClueService::NewStub(channel), elsewhere);
  ASSERT_TRUE(seen.status.ok()) << seen.status.error_message();
  const std::vector<v1::AlertUpdate> updates = again.Next(1);
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].alert().clue_id(), seen.receipt.clue_id());
}

TEST_F(TlsTest, AStreamWhoseCallerMaySomethingElseIsRenewedAndSaysSo) {
  TestServer server({.flags = files_.Flags()});
  const auto channel = Channel(server, plain_);
  const auto clues = v1::ClueService::NewStub(channel);
  const auto context = Context(kPartnerToken);
  const auto submitting = clues->StreamClues(context.get());
  const auto subscriptions = v1::SubscriptionService::NewStub(channel);
  ASSERT_TRUE(
      CreateSubscription(*subscriptions, "duty", v1::START_FROM_EARLIEST, kScopedMonitorToken)
          .ok());
  Consumption consumption(channel, "duty", 0, kScopedMonitorToken);
  ASSERT_TRUE(consumption.NextMessage().has_value());
  std::string principals = ShippedPrincipals();
  for (const auto& [before, after] : {std::pair{"partner: hotline-12345", "partner: hotline-12366"},
                                      std::pair{"regions: [\"3304\"]", "regions: [\"3303\"]"}}) {
    const size_t at = principals.find(before);
    ASSERT_NE(at, std::string::npos) << before;
    principals.replace(at, std::string(before).size(), after);
  }
  Replace(files_.Principals(), principals);
  v1::StreamCluesResponse response;
  EXPECT_FALSE(submitting->Read(&response));
  for (const grpc::Status& status : {submitting->Finish(), consumption.Finish()}) {
    EXPECT_EQ(ReasonOf(status), "DRAINING");
    EXPECT_EQ(FactOf(status, "cause"), "RIGHTS_CHANGED");
    EXPECT_THAT(status.error_message(), HasSubstr("renews this stream; connect again"));
  }
}

TEST_F(TlsTest, PrincipalsWithAMistakeAreNotTaken) {
  TestServer server({.flags = files_.Flags()});
  Replace(files_.Principals(), "principals:\n  - id: A\n");
  ASSERT_TRUE(Eventually([&] { return server.Metric(Reloads("principals", "rejected")) >= 1; }));
  EXPECT_TRUE(Call(Channel(server, plain_), kMonitorToken).ok());
}

}  // namespace
}  // namespace supervision::testing
