"""GGUF version 3, little endian: a reader and a writer for the few types that a model file needs."""

import struct

ALIGNMENT = 32
F32, F16, Q4_K, Q6_K = 0, 1, 12, 14
# ggml type: (elements of a block, bytes of a block)
BLOCKS = {F32: (1, 4), F16: (1, 2), Q4_K: (256, 144), Q6_K: (256, 210)}

UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64, INT64, FLOAT64 = range(13)
SCALARS = {
    UINT8: "B", INT8: "b", UINT16: "H", INT16: "h", UINT32: "I", INT32: "i", FLOAT32: "f", BOOL: "?",
    UINT64: "Q", INT64: "q", FLOAT64: "d",
}


def tensor_bytes(extents, kind):
    elements, size = BLOCKS[kind]
    if extents[0] % elements:
        raise ValueError(f"rows of {extents[0]} elements do not divide into blocks of {elements}")
    count = 1
    for extent in extents:
        count *= extent
    return count // elements * size


def padded(offset):
    return (offset + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(kind, value):
    if kind == STRING:
        return _string(value)
    if kind == ARRAY:
        element, items = value
        return struct.pack("<IQ", element, len(items)) + b"".join(_value(element, item) for item in items)
    return struct.pack("<" + SCALARS[kind], value)


def write(path, metadata, tensors):
    """metadata: [(key, type, value)], an array's value being (element type, items).

    tensors: [(name, extents with the contiguous one first, ggml type, bytes)].
    """
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    head += [_string(key) + struct.pack("<I", kind) + _value(kind, value) for key, kind, value in metadata]
    offset = 0
    for name, extents, kind, data in tensors:
        if len(data) != tensor_bytes(extents, kind):
            raise ValueError(f"{name} has {len(data)} bytes, its shape asks for {tensor_bytes(extents, kind)}")
        head.append(_string(name) + struct.pack(f"<I{len(extents)}QIQ", len(extents), *extents, kind, offset))
        offset = padded(offset + len(data))
    head = b"".join(head)
    with open(path, "wb") as file:
        file.write(head.ljust(padded(len(head)), b"\0"))
        for _, _, _, data in tensors:
            file.write(data.ljust(padded(len(data)), b"\0"))


class _Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def scalar(self, code):
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def raw(self):
        length = self.scalar("Q")
        self.at += length
        return self.data[self.at - length : self.at]

    def value(self, kind):
        if kind == STRING:
            return self.raw().decode()
        if kind == ARRAY:
            element, count = self.scalar("I"), self.scalar("Q")
            return [self.value(element) for _ in range(count)]
        return self.scalar(SCALARS[kind])


def read(path):
    """(metadata as a dictionary, {name: (extents, ggml type, bytes)}) of a file."""
    with open(path, "rb") as file:
        cursor = _Cursor(file.read())
    if cursor.data[:4] != b"GGUF":
        raise ValueError(f"{path} is not a GGUF file")
    cursor.at = 4
    version, tensor_count, key_count = cursor.scalar("I"), cursor.scalar("Q"), cursor.scalar("Q")
    if version != 3:
        raise ValueError(f"{path} has GGUF version {version}, not 3")
    metadata = {}
    for _ in range(key_count):
        key = cursor.raw().decode()
        metadata[key] = cursor.value(cursor.scalar("I"))
    infos = []
    for _ in range(tensor_count):
        name = cursor.raw().decode()
        extents = [cursor.scalar("Q") for _ in range(cursor.scalar("I"))]
        infos.append((name, extents, cursor.scalar("I"), cursor.scalar("Q")))
    start = padded(cursor.at)
    tensors = {}
    for name, extents, kind, offset in infos:
        first = start + offset
        tensors[name] = (extents, kind, cursor.data[first : first + tensor_bytes(extents, kind)])
    return metadata, tensors
