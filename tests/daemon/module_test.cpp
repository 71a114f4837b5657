// Code objects: what is read in them, where they go, and what is refused.
#include <sys/mman.h>

#include <cstring>

#include "workspace_fixture.hpp"

namespace redbolt::daemon {
namespace {

TEST_F(WorkspaceTest, ReadsKernelDescriptors) {
  TestKernel kernel;
  kernel.lds = 1024;
  kernel.kernarg = 48;
  kernel.vgprs = 104;
  kernel.scratch = 16;
  const auto reply = workspace_->create_module(module_request(make_image(kernel)));
  ASSERT_EQ(reply.kernels_size(), 1);
  EXPECT_EQ(reply.kernels(0).name(), "k");
  EXPECT_EQ(reply.kernels(0).lds_bytes(), 1024u);
  EXPECT_EQ(reply.kernels(0).kernarg_bytes(), 48u);
  EXPECT_EQ(reply.kernels(0).vgprs(), 104u);
  EXPECT_EQ(reply.kernels(0).scratch_bytes(), 16u);
}

TEST_F(WorkspaceTest, RelocatesTheImageItPlaces) {
  auto request = module_request(make_image({}));
  const auto add = [&](std::uint64_t offset, std::int64_t addend, protocol::RelocationKind kind) {
    auto& relocation = *request.add_relocations();
    relocation.set_offset(offset);
    relocation.set_addend(addend);
    relocation.set_kind(kind);
  };
  add(1001, 2000, protocol::RELOCATION_KIND_ABS64);
  add(1024, 12, protocol::RELOCATION_KIND_ABS32_LO);
  add(1028, 12, protocol::RELOCATION_KIND_ABS32_HI);
  add(4088, 4096, protocol::RELOCATION_KIND_ABS64);           // the very end, to one past the end
  workspace_->create_module(module_request(make_image({})));  // so that ours is not at the start
  workspace_->create_module(request);
  // The one before takes a page, and what the instruction fetch may reach behind it another.
  const std::uint64_t base = FakeBackend::code_address.value() + 8192;
  const auto word = [&](std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, backend().code().data() + 8192 + offset, size);
    return value;
  };
  EXPECT_EQ(word(1001, 8), base + 2000);
  EXPECT_EQ(word(1024, 4), (base + 12) & 0xffffffff);
  EXPECT_EQ(word(1028, 4), (base + 12) >> 32);
  EXPECT_EQ(word(4088, 8), base + 4096);
  EXPECT_EQ(word(256, 4), 0xbfb00000u);
}

TEST_F(WorkspaceTest, RefusesHostileModules) {
  const auto refused = [&](const protocol::CreateModuleRequest& request) {
    const std::string code = code_of([&] { workspace_->create_module(request); });
    EXPECT_NO_THROW(device_.take(Region::code, card_.code_size, "all"))
        << "code memory stayed behind";
    return code;
  };
  const auto with = [&](auto change) {
    TestKernel kernel;
    change(kernel);
    return refused(module_request(make_image(kernel)));
  };
  EXPECT_EQ(with([](TestKernel& k) { k.entry = 4096; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = -256; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = INT64_MAX; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = INT64_MIN; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.entry = 320; }), invalid);  // not a multiple of 256
  EXPECT_EQ(with([](TestKernel& k) { k.wave32 = false; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.lds = 65537; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.lds = 0xffffffff; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.scratch = 0xffffffff; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.kernarg = 0xffffffff; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.vgprs = 264; }), invalid);
  EXPECT_EQ(with([](TestKernel& k) { k.extra_rsrc1 = 1u << 20; }), invalid);  // PRIV

  const auto image = make_image({});
  EXPECT_EQ(refused(module_request(image, 32)), invalid);
  EXPECT_EQ(refused(module_request(image, 4096)), invalid);
  EXPECT_EQ(refused(module_request(image, ~std::uint64_t{63})), invalid);
  EXPECT_EQ(refused(module_request({})), invalid);
  auto request = module_request(image);
  request.clear_kernels();
  EXPECT_EQ(refused(request), invalid);
  request = module_request(image);
  request.clear_image();
  EXPECT_EQ(refused(request), invalid);
  EXPECT_EQ(refused(module_request(std::vector<std::byte>(300 << 10))), memory);
}

TEST_F(WorkspaceTest, RefusesHostileRelocations) {
  const auto with = [&](std::uint64_t offset, std::int64_t addend, int kind) {
    auto request = module_request(make_image({}));
    auto& relocation = *request.add_relocations();
    relocation.set_offset(offset);
    relocation.set_addend(addend);
    relocation.set_kind(static_cast<protocol::RelocationKind>(kind));
    return code_of([&] { workspace_->create_module(request); });
  };
  EXPECT_EQ(with(4089, 0, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(~0ull, 0, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(4093, 0, protocol::RELOCATION_KIND_ABS32_LO), invalid);
  EXPECT_EQ(with(0, -1, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(0, 4097, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(0, INT64_MIN, protocol::RELOCATION_KIND_ABS64), invalid);
  EXPECT_EQ(with(0, 0, protocol::RELOCATION_KIND_UNSPECIFIED), invalid);
  EXPECT_EQ(with(0, 0, 99), invalid);
}

TEST_F(WorkspaceTest, TakesAnImageFromSharedMemoryOnly) {
  const auto image = make_image({});
  SharedBuffer shared = workspace_->create_shared(Bytes(8192), "image");
  void* mapped =
      ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, shared.descriptor.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::memcpy(static_cast<std::byte*>(mapped) + 100, image.data(), image.size());
  ::munmap(mapped, 8192);
  auto request = module_request(image);
  request.mutable_shared_image()->set_buffer(shared.id);
  request.mutable_shared_image()->set_offset(100);
  request.set_image_size(4096);
  EXPECT_EQ(workspace_->create_module(request).kernels_size(), 1);
  request.set_image_size(8093);
  EXPECT_EQ(code_of([&] { workspace_->create_module(request); }), invalid);
  request.set_image_size(~0ull);
  EXPECT_EQ(code_of([&] { workspace_->create_module(request); }), limit);
  request.set_image_size(4096);
  request.mutable_shared_image()->set_buffer(workspace_->create_buffer(Bytes(8192), "vram"));
  EXPECT_EQ(code_of([&] { workspace_->create_module(request); }), invalid);
}

}  // namespace
}  // namespace redbolt::daemon
