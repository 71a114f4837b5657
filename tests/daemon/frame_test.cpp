#include "redbolt/protocol/frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <redbolt/protocol/messages.pb.h>

#include <random>

namespace redbolt::protocol {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

Request numbered(std::uint64_t id) {
  Request request;
  request.set_id(id);
  request.mutable_counters();
  return request;
}

ProtocolErrorCode append_error(FrameDecoder& decoder, const std::vector<std::byte>& bytes) {
  try {
    decoder.append(bytes);
  } catch (const ProtocolError& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Frame, IsALittleEndianLengthAndTheMessage) {
  Request request;
  request.set_id(5);  // protobuf: field 1, varint: 08 05
  EXPECT_EQ(encode_frame(request), bytes_of({2, 0, 0, 0, 0x08, 0x05}));
}

TEST(Frame, ComesBackFromPiecesOfAnySize) {
  std::vector<std::byte> stream;
  for (std::uint64_t id = 1; id <= 50; ++id) {
    const auto frame = encode_frame(numbered(id * 1'000'000'007));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    FrameDecoder decoder;
    std::uint64_t next = 1;
    std::span<const std::byte> rest(stream);
    while (!rest.empty()) {
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + random() % 40);
      decoder.append(rest.first(size));
      rest = rest.subspan(size);
      while (const auto payload = decoder.next()) {
        Request request;
        decode_message(*payload, request);
        EXPECT_EQ(request.id(), next++ * 1'000'000'007);
      }
    }
    EXPECT_EQ(next, 51u);
    EXPECT_TRUE(decoder.at_boundary());
  }
}

TEST(Frame, RefusesALengthBeyondTheLimitBeforeAnythingOfItHasCome) {
  FrameDecoder decoder;
  EXPECT_EQ(append_error(decoder, bytes_of({0x01, 0x00, 0x10, 0x00})),
            ProtocolErrorCode::message_too_large);
  FrameDecoder huge;
  EXPECT_EQ(append_error(huge, bytes_of({0xff, 0xff, 0xff, 0xff})),
            ProtocolErrorCode::message_too_large);
}

TEST(Frame, TakesALengthAtTheLimit) {
  FrameDecoder decoder;
  decoder.append(bytes_of({0x00, 0x00, 0x10, 0x00}));
  const std::vector<std::byte> payload(max_message_size, std::byte{7});
  decoder.append(payload);
  EXPECT_EQ(decoder.next(), payload);
}

TEST(Frame, RefusesAnEmptyMessage) {
  FrameDecoder decoder;
  EXPECT_EQ(append_error(decoder, bytes_of({0, 0, 0, 0})), ProtocolErrorCode::empty_message);
}

TEST(Frame, ChecksTheHeaderBehindAWholeFrame) {
  FrameDecoder decoder;
  EXPECT_EQ(append_error(decoder, bytes_of({1, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff})),
            ProtocolErrorCode::message_too_large);
}

TEST(Frame, KnowsThatAMessageIsTruncated) {
  FrameDecoder decoder;
  const auto frame = encode_frame(numbered(3));
  decoder.append(std::span(frame).first(frame.size() - 1));
  EXPECT_FALSE(decoder.next().has_value());
  EXPECT_FALSE(decoder.at_boundary());
  decoder.append(std::span(frame).last(1));
  EXPECT_TRUE(decoder.next().has_value());
  EXPECT_TRUE(decoder.at_boundary());
}

TEST(Frame, DoesNotSendMoreThanItTakes) {
  Request request;
  request.mutable_create_module()->set_inline_image(std::string(max_message_size, 'x'));
  try {
    encode_frame(request);
    FAIL();
  } catch (const ProtocolError& error) {
    EXPECT_EQ(error.code(), ProtocolErrorCode::message_too_large);
  }
}

TEST(Message, IgnoresUnknownFields) {
  // Field 1 = 7, then an unknown field 1000 with the varint 1.
  const auto payload = bytes_of({0x08, 0x07, 0xc0, 0x3e, 0x01});
  Request request;
  decode_message(payload, request);
  EXPECT_EQ(request.id(), 7u);
  EXPECT_EQ(request.body_case(), Request::BODY_NOT_SET);
}

TEST(Message, RefusesWrongWireTypesAndCutOffFields) {
  Request request;
  // Field 2 (hello) announces 100 bytes and has two; a group that is never closed; an endless
  // varint.
  for (const auto& payload :
       {bytes_of({0x12, 0x64, 0x08, 0x01}), bytes_of({0x0b}),
        bytes_of({0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})}) {
    EXPECT_THROW(decode_message(payload, request), ProtocolError);
  }
}

}  // namespace
}  // namespace redbolt::protocol
