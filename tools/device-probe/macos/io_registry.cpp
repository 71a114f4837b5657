// IOKit. Written after Apple's documentation; it has not been compiled yet, for want of a Mac.
#include "macos/io_registry.hpp"

#ifdef __APPLE__

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include <array>
#include <cstring>

namespace redbolt::probe {
namespace {

class IoObject {
 public:
  explicit IoObject(io_object_t object) : object_(object) {}
  IoObject(const IoObject&) = delete;
  IoObject& operator=(const IoObject&) = delete;
  ~IoObject() {
    if (object_ != IO_OBJECT_NULL) IOObjectRelease(object_);
  }
  io_object_t get() const { return object_; }
  bool valid() const { return object_ != IO_OBJECT_NULL; }

 private:
  io_object_t object_;
};

std::string to_text(CFStringRef string) {
  std::array<char, 512> text{};
  if (!CFStringGetCString(string, text.data(), static_cast<CFIndex>(text.size()),
                          kCFStringEncodingUTF8))
    return "";
  return text.data();
}

void keep_property(const void* key, const void* value, void* context) {
  auto& entry = *static_cast<IoEntry*>(context);
  const std::string name = to_text(static_cast<CFStringRef>(key));
  const auto type = CFGetTypeID(value);
  if (type == CFStringGetTypeID()) {
    entry.texts[name] = to_text(static_cast<CFStringRef>(value));
  } else if (type == CFBooleanGetTypeID()) {
    entry.numbers[name] = CFBooleanGetValue(static_cast<CFBooleanRef>(value)) ? 1 : 0;
  } else if (type == CFNumberGetTypeID()) {
    std::int64_t number = 0;
    if (CFNumberGetValue(static_cast<CFNumberRef>(value), kCFNumberSInt64Type, &number))
      entry.numbers[name] = static_cast<std::uint64_t>(number);
  } else if (type == CFDataGetTypeID()) {
    // "vendor-id" and its like are little-endian bytes.
    const auto data = static_cast<CFDataRef>(value);
    const auto length = static_cast<std::size_t>(CFDataGetLength(data));
    if (length == 0 || length > sizeof(std::uint64_t)) return;
    std::uint64_t number = 0;
    std::memcpy(&number, CFDataGetBytePtr(data), length);
    entry.numbers[name] = number;
  }
}

void read_properties(io_object_t object, IoEntry& entry) {
  io_name_t name{};
  if (IORegistryEntryGetName(object, name) == KERN_SUCCESS) entry.name = name;
  CFMutableDictionaryRef properties = nullptr;
  if (IORegistryEntryCreateCFProperties(object, &properties, kCFAllocatorDefault, 0) !=
      KERN_SUCCESS)
    return;
  CFDictionaryApplyFunction(properties, keep_property, &entry);
  CFRelease(properties);
}

void find_drivers(io_object_t object, IoEntry& entry) {
  io_iterator_t below = IO_OBJECT_NULL;
  if (IORegistryEntryGetChildIterator(object, kIOServicePlane, &below) != KERN_SUCCESS) return;
  const IoObject iterator(below);
  while (true) {
    const IoObject child(IOIteratorNext(iterator.get()));
    if (!child.valid()) return;
    IoEntry properties;
    read_properties(child.get(), properties);
    const auto bundle = properties.texts.find("CFBundleIdentifier");
    if (bundle != properties.texts.end()) entry.driver_bundles.push_back(bundle->second);
  }
}

class SystemIoRegistry : public IoRegistry {
 public:
  std::vector<IoEntry> entries(const std::string& io_class) override {
    std::vector<IoEntry> found;
    io_iterator_t matching = IO_OBJECT_NULL;
    // The dictionary is consumed by the call.
    if (IOServiceGetMatchingServices(MACH_PORT_NULL, IOServiceMatching(io_class.c_str()),
                                     &matching) != KERN_SUCCESS)
      return found;
    const IoObject iterator(matching);
    while (true) {
      const IoObject object(IOIteratorNext(iterator.get()));
      if (!object.valid()) return found;
      IoEntry entry;
      read_properties(object.get(), entry);
      find_drivers(object.get(), entry);
      found.push_back(std::move(entry));
    }
  }
};

}  // namespace

std::unique_ptr<IoRegistry> system_io_registry() {
  return std::make_unique<SystemIoRegistry>();
}

}  // namespace redbolt::probe

#endif
