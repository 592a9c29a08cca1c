// What several flow tests have their servers do (Origin::Script), and the other half of it where a
// client has one. Threads: those of the origin's connections.
#ifndef SLUICE_TESTS_SUPPORT_FLOW_SCRIPTS_H_
#define SLUICE_TESTS_SUPPORT_FLOW_SCRIPTS_H_

#include <functional>
#include <string>

#include "tests/support/flow/h2_wire.h"
#include "tests/support/flow/origin.h"

namespace sluice::test {

// Answers each request of a connection with the bytes this gives for it, to the connection's end.
Origin::Script AnswerEach(std::function<std::string(const Message& request)> answer);

// Each with its body, or its target where it has none.
void Echo(Wire& wire, Origin& origin, uint32_t index);

// "/large" with 4 MiB, everything else with "small".
inline constexpr size_t kLarge = size_t{4} << 20;
void LargeOrSmall(Wire& wire, Origin& origin, uint32_t index);

// One call as gRPC makes them: the server answers "ping" before the request has ended, and ends
// with trailers when it has heard "done". The client's half fails the test where it hears else.
void Conversation(Wire& wire, Origin& origin, uint32_t index);
void ExpectConversation(H2Wire& client);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_FLOW_SCRIPTS_H_
