// TlsStream after its handshake: it must be a Stream like any other.
#include "proxy/tls/tls_stream.h"

#include "proxy/base/block.h"
#include "tests/tls/stream_fixture.h"

namespace sluice::tls {
namespace {

using namespace std::chrono_literals;

constexpr auto kPeerFull = net::PauseReason::kPeerFull;
constexpr auto kBacklog = net::PauseReason::kBacklog;

TEST_F(TlsStreamTest, CarriesBytesBothWays) {
  Shake();
  client_.stream->Write("question");
  RunUntil([&] { return server_.told.text == "question"; });
  server_.stream->Write("answer");
  RunUntil([&] { return client_.told.text == "answer"; });
}

TEST_F(TlsStreamTest, WhatIsWrittenDuringTheHandshakeFollowsIt) {
  Join();
  client_.stream->Write("early");
  client_.stream->Staging().Append(" bird");
  EXPECT_EQ(client_.stream->buffered(), 10u);
  RunUntil([&] { return server_.told.text == "early bird"; });
}

TEST_F(TlsStreamTest, TheWritesOfOneCallbackAreOneRecord) {
  const auto raw = ShakeRaw();
  RunFor(10ms);
  raw->Step();  // tickets
  raw->arrived = 0;
  loop_.Post([&] {
    server_.stream->Write("one ");
    server_.stream->Staging().Append("two ");
    server_.stream->Write(std::string(5000, '3'));
  });
  RunUntil([&] {
    raw->Step();
    return raw->text.size() == 5008;
  });
  // Header, type and tag: 22 bytes for one record.
  EXPECT_EQ(raw->arrived, 5008u + 22u);
}

TEST_F(TlsStreamTest, LargeWritesBecomeFullRecordsInOrder) {
  const auto raw = ShakeRaw();
  const std::string all = Pattern(1 << 20);
  loop_.Post([&] {
    const std::string_view text = all;
    server_.stream->Write(text.substr(0, 100));
    const std::string_view pieces[] = {text.substr(100, 40000), text.substr(40100, 3),
                                       text.substr(40103, 200000)};
    server_.stream->Write(Pieces(pieces));
    Bytes rest;
    rest.Append(text.substr(240103));
    server_.stream->Write(std::move(rest));
  });
  RunUntil([&] {
    raw->Step();
    return raw->text.size() == all.size();
  });
  EXPECT_TRUE(raw->text == all);
}

TEST_F(TlsStreamTest, ReadsBytewiseWhatComesBytewise) {
  const auto raw = ShakeRaw();
  raw->Write("hello");
  raw->Write(" world");
  for (const char c : raw->TakeOutput()) {
    raw->Send({&c, 1});
    Turn();
  }
  RunUntil([&] { return server_.told.text == "hello world"; });
}

TEST_F(TlsStreamTest, EightMebibytesReachASlowReaderByteForByteInBoundedMemory) {
  Shake("shop.example", /*receive_buffer=*/16 * 1024);
  const std::string all = Pattern(8 << 20);
  const size_t before = BufferBudget::used();
  size_t next = 0;
  size_t peak = 0;
  size_t peak_budget = 0;
  const auto pump = [&] {
    static constexpr size_t kSizes[] = {1, 700, 5000, 16384, 40000, 100000};
    for (int i = 0; next < all.size() && !server_.stream->Full(); ++i) {
      const size_t count = std::min(kSizes[i % 6], all.size() - next);
      server_.stream->Write(std::string_view(all).substr(next, count));
      next += count;
      peak = std::max(peak, server_.stream->buffered());
      peak_budget = std::max(peak_budget, BufferBudget::used() - before);
    }
  };
  server_.told.on_writable = pump;
  int reads = 0;
  client_.told.on_read = [&](std::string_view) {
    if (++reads % 3 == 0) {
      client_.stream->Pause(kPeerFull);
      loop_.Post([&] { client_.stream->Resume(kPeerFull); });
    }
  };
  loop_.Post(pump);
  RunUntil([&] { return client_.told.text.size() == all.size(); });
  EXPECT_TRUE(client_.told.text == all);
  EXPECT_GT(server_.told.writable, 1);
  // The mark, less than a record that waits for more, one write and what the records add; and the
  // same in blocks, beside one read that the client holds.
  EXPECT_LT(peak, 80u * 1024 + 104u * 1024);
  EXPECT_LT(peak_budget, 768u * 1024);
}

TEST_F(TlsStreamTest, HoldsNoBuffersWhenIdle) {
  const size_t before = BufferBudget::used();
  Shake();
  client_.stream->Write(Pattern(64 * 1024));
  RunUntil([&] { return server_.told.text.size() == 64 * 1024; });
  server_.stream->Write(Pattern(64 * 1024));
  RunUntil([&] { return client_.told.text.size() == 64 * 1024; });
  RunFor(1ms);
  EXPECT_EQ(server_.stream->buffered(), 0u);
  EXPECT_LE(BufferBudget::used(), before);
}

TEST_F(TlsStreamTest, WhatArrivedBeforeAnybodyReadsIsKeptAndThePeerWaits) {
  server_reads_ = false;
  const auto raw = JoinRaw();
  std::string last;
  RunUntil([&] {
    raw->Step();
    if (raw->finished()) {
      last = raw->TakeOutput();
    } else {
      raw->Flush();
    }
    return raw->finished();
  });
  raw->Write("in the same packet");
  raw->Send(last + raw->TakeOutput());
  RunUntil([&] { return server_.over(); });
  RunFor(10ms);
  EXPECT_EQ(server_.told.text, "");
  server_.stream->StartReading();
  EXPECT_EQ(server_.told.text, "");  // never from inside a call
  RunUntil([&] { return server_.told.text == "in the same packet"; });
  raw->Write(", and later");
  raw->Flush();
  RunUntil([&] { return server_.told.text == "in the same packet, and later"; });
}

TEST_F(TlsStreamTest, APauseInTheMiddleOfALargeReadKeepsTheRest) {
  const auto raw = ShakeRaw();
  const std::string all = Pattern(1 << 20);
  for (size_t i = 0; i < all.size(); i += 16384) raw->Write(all.substr(i, 16384));
  std::string cipher = raw->TakeOutput();
  int reads = 0;
  server_.told.on_read = [&](std::string_view) {
    ++reads;
    server_.stream->Pause(kPeerFull);
  };
  size_t most_held = 0;
  for (int round = 0; round < 200 && server_.told.text.size() < all.size(); ++round) {
    const ssize_t sent = ::send(raw->fd().get(), cipher.data(), cipher.size(), MSG_NOSIGNAL);
    if (sent > 0) cipher.erase(0, static_cast<size_t>(sent));
    const int before = reads;
    RunFor(1ms);
    EXPECT_LE(reads, before + 1);
    most_held = std::max(most_held, BufferBudget::used());
    server_.stream->Resume(kPeerFull);
    EXPECT_LE(reads, before + 1);  // never from inside a call
  }
  RunFor(1ms);
  EXPECT_TRUE(server_.told.text == all);
  EXPECT_LE(most_held, net::Loop::kReadBlock + 64 * 1024);
}

TEST_F(TlsStreamTest, PausesForDifferentReasonsAddUp) {
  Shake();
  server_.stream->Pause(kPeerFull);
  server_.stream->Pause(kBacklog);
  client_.stream->Write("hello");
  RunFor(10ms);
  server_.stream->Resume(kPeerFull);
  RunFor(10ms);
  EXPECT_EQ(server_.told.text, "");
  server_.stream->Resume(kBacklog);
  RunUntil([&] { return server_.told.text == "hello"; });
}

TEST_F(TlsStreamTest, APauseThatEndsDuringTheReadThatBeganItStopsNothing) {
  Shake();
  server_.told.on_read = [&](std::string_view) {
    server_.stream->Pause(kPeerFull);
    server_.stream->Resume(kPeerFull);
  };
  const std::string all = Pattern(1 << 20);
  client_.stream->Write(all);
  RunUntil([&] { return server_.told.text.size() == all.size(); });
  client_.stream->Write("!");
  RunUntil([&] { return server_.told.text.size() == all.size() + 1; });
}

TEST_F(TlsStreamTest, TellsWhenEverythingIsWithTheKernel) {
  Shake();
  server_.stream->Write(Pattern(100'000));
  server_.stream->NotifyFlushed();
  EXPECT_EQ(server_.told.flushed, 0);
  RunUntil([&] { return server_.told.flushed == 1; });
  EXPECT_EQ(server_.stream->buffered(), 0u);
}

TEST_F(TlsStreamTest, AnOrderlyEndIsToldAsOneAndTheOtherDirectionGoesOn) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    server_.told.text.clear();
    const auto raw = ShakeRaw(version);
    raw->Write("question");
    SSL_shutdown(raw->ssl());
    raw->Flush();
    ::shutdown(raw->fd().get(), SHUT_WR);
    RunUntil([&] { return server_.told.text == "question[end]"; });
    server_.stream->Write("answer");
    server_.stream->FinishWriting();
    RunUntil([&] {
      raw->Step();
      return (SSL_get_shutdown(raw->ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
    });
    EXPECT_EQ(raw->text, "answer");
    EXPECT_EQ(server_.told.text, "question[end]");
  }
}

TEST_F(TlsStreamTest, FinishingSendsCloseNotifyAndStillReads) {
  Shake();
  client_.stream->Write("question");
  client_.stream->FinishWriting();
  RunUntil([&] { return server_.told.text == "question[end]"; });
  server_.stream->Write("answer");
  server_.stream->FinishWriting();
  RunUntil([&] { return client_.told.text == "answer[end]"; });
}

TEST_F(TlsStreamTest, AnEndWithoutCloseNotifyIsToldAsTruncated) {
  const auto raw = ShakeRaw();
  raw->Write("half of wh");
  raw->Flush();
  ::shutdown(raw->fd().get(), SHUT_WR);
  RunUntil([&] { return server_.told.ended; });
  EXPECT_EQ(server_.told.error, kTruncated);
  EXPECT_EQ(server_.told.text.substr(0, 10), "half of wh");
}

TEST_F(TlsStreamTest, AResetIsToldAsOne) {
  const auto raw = ShakeRaw();
  RunFor(1ms);
  Reset(raw->fd());
  RunUntil([&] { return server_.told.ended; });
  EXPECT_EQ(server_.told.error, net::kConnReset);
}

TEST_F(TlsStreamTest, WhatArrivedIsDeliveredBeforeTheEndThatCameBehindAPause) {
  server_reads_ = false;
  const auto raw = ShakeRaw();
  raw->Write("last words");
  raw->Flush();
  RunFor(5ms);
  ::shutdown(raw->fd().get(), SHUT_WR);
  RunFor(5ms);
  EXPECT_FALSE(server_.told.ended);
  server_.stream->StartReading();
  RunUntil([&] { return server_.told.ended; });
  EXPECT_EQ(server_.told.error, kTruncated);
  EXPECT_EQ(server_.told.text.substr(0, 10), "last words");
}

TEST_F(TlsStreamTest, ARecordThatWasTouchedEndsTheConnection) {
  const auto raw = ShakeRaw();
  raw->Write("hello");
  std::string bytes = raw->TakeOutput();
  bytes.back() ^= 1;
  raw->Send(bytes);
  RunUntil([&] { return server_.told.ended; });
  EXPECT_EQ(server_.told.error, kTlsError);
  EXPECT_EQ(server_.told.text, "[error " + std::to_string(kTlsError) + "]");
  server_.stream->Write("nobody gets this");
  RunFor(5ms);
}

TEST_F(TlsStreamTest, AnAbortCutsTheConnection) {
  Shake();
  // Until the tickets are read: libuv tells a reset right behind bytes as an end of file.
  RunFor(5ms);
  server_.stream->Write("never sent");
  server_.stream->Abort();
  RunUntil([&] { return client_.told.ended; });
  EXPECT_EQ(client_.told.error, net::kConnReset);
  EXPECT_EQ(server_.told.text, "");
}

TEST_F(TlsStreamTest, AnAbortDuringAReadEndsTheReading) {
  Shake();
  server_.told.on_read = [&](std::string_view) { server_.stream->Abort(); };
  client_.stream->Write(Pattern(1 << 20));
  RunUntil([&] { return client_.told.ended; });
  EXPECT_LE(server_.told.text.size(), 64u * 1024);
}

}  // namespace
}  // namespace sluice::tls
