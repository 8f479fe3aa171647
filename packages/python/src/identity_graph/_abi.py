"""Values in a guest's memory: the part of the canonical ABI that the contract needs.

Storing has two steps. A layout first writes a value into an `Image`, which checks all of it while nothing
has reached the guest; the instance then allocates what the image refers to, all at once, and copies.
https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from enum import Enum as PythonEnum
from typing import Any

from .errors import InvalidArgument


class Image:
    """Bytes as they will stand in the guest, and the blocks that pointers in them are to lead to."""

    __slots__ = ("align", "blocks", "data")

    def __init__(self, size: int, align: int) -> None:
        self.data = bytearray(size)
        self.align = align
        #: Where the pointer stands in `data`, what it leads to, and the alignment of that.
        self.blocks: list[tuple[int, bytes | Image, int]] = []

    def refer(self, at: int, length: int, block: bytes | Image, align: int) -> None:
        """Writes a list's length, and its pointer once that is known."""
        if length:
            struct.pack_into("<II", self.data, at, 0, length)
            self.blocks.append((at, block, align))
        else:
            # Nothing is allocated. A pointer to nothing is aligned and is not null.
            struct.pack_into("<II", self.data, at, align, 0)


class Layout(ABC):
    """How a type lies in memory."""

    size: int
    align: int
    #: The `struct` format of its primitive fields, padding included; this order is also that of its
    #: flattened arguments, as long as no variant has cases of different layouts.
    format: str

    @abstractmethod
    def store(self, image: Image, at: int, value: Any) -> None:
        """Writes a value; `TypeError` or `InvalidArgument` when it is none of this type."""

    @abstractmethod
    def load(self, memory: memoryview, at: int) -> Any:
        """Reads a value."""


class Integer(Layout):
    """A number of a fixed width."""

    def __init__(self, code: str) -> None:
        self.format = code
        self._struct = struct.Struct("<" + code)
        self.size = self.align = self._struct.size
        bits = 8 * self.size
        signed = code.islower()
        self._least, self._most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def store(self, image: Image, at: int, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"expected an int, got {type(value).__name__}")
        if not self._least <= value <= self._most:
            raise InvalidArgument(f"expected a number from {self._least} to {self._most}")
        self._struct.pack_into(image.data, at, value)

    def load(self, memory: memoryview, at: int) -> Any:
        return self._struct.unpack_from(memory, at)[0]


class Bool(Layout):
    """True or false."""

    size = align = 1
    format = "B"

    def store(self, image: Image, at: int, value: Any) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"expected a bool, got {type(value).__name__}")
        image.data[at] = value

    def load(self, memory: memoryview, at: int) -> Any:
        return memory[at] != 0


class Text(Layout):
    """A string."""

    size, align, format = 8, 4, "II"

    def store(self, image: Image, at: int, value: Any) -> None:
        if not isinstance(value, str):
            raise TypeError(f"expected a str, got {type(value).__name__}")
        try:
            data = value.encode()
        except UnicodeEncodeError:
            # The codec's own error carries the text.
            raise InvalidArgument("expected Unicode text, got a lone surrogate") from None
        image.refer(at, len(data), data, 1)

    def load(self, memory: memoryview, at: int) -> Any:
        start, length = struct.unpack_from("<II", memory, at)
        return str(memory[start : start + length], "utf-8")


class Bytes(Layout):
    """A `list<u8>`."""

    size, align, format = 8, 4, "II"

    def store(self, image: Image, at: int, value: Any) -> None:
        if not isinstance(value, bytes):
            raise TypeError(f"expected bytes, got {type(value).__name__}")
        image.refer(at, len(value), value, 1)

    def load(self, memory: memoryview, at: int) -> Any:
        start, length = struct.unpack_from("<II", memory, at)
        return bytes(memory[start : start + length])


class List(Layout):
    """A list of anything else."""

    size, align, format = 8, 4, "II"

    def __init__(self, item: Layout) -> None:
        self._item = item

    def store(self, image: Image, at: int, value: Any) -> None:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise TypeError(f"expected a sequence, got {type(value).__name__}")
        item = self._item
        block = Image(item.size * len(value), item.align)
        for number, one in enumerate(value):
            try:
                item.store(block, number * item.size, one)
            except (TypeError, InvalidArgument) as error:
                raise _inside(f"[{number}]", error) from None
        image.refer(at, len(value), block, item.align)

    def load(self, memory: memoryview, at: int) -> Any:
        return self.load_items(memory, *struct.unpack_from("<II", memory, at))

    def load_items(self, memory: memoryview, start: int, length: int) -> tuple[Any, ...]:
        """Reads the items themselves."""
        item = self._item
        return tuple(item.load(memory, start + number * item.size) for number in range(length))


class Record(Layout):
    """Fields one after the other: the attributes of a class whose constructor takes them by name."""

    def __init__(self, cls: type, **fields: Layout) -> None:
        self._class = cls
        self._fields: list[tuple[str, Layout, int]] = []
        self.align, end, self.format = 1, 0, ""
        for name, layout in fields.items():
            start = _aligned(end, layout.align)
            self.format += "x" * (start - end) + layout.format
            self._fields.append((name, layout, start))
            self.align = max(self.align, layout.align)
            end = start + layout.size
        self.size = _aligned(end, self.align)
        self.format += "x" * (self.size - end)

    def store(self, image: Image, at: int, value: Any) -> None:
        if not isinstance(value, self._class):
            raise TypeError(f"expected {self._class.__name__}, got {type(value).__name__}")
        self.store_fields(image, at, (getattr(value, name) for name, _, _ in self._fields))

    def store_fields(self, image: Image, at: int, values: Iterable[Any]) -> None:
        """Writes values in the order of the fields."""
        for (name, layout, offset), value in zip(self._fields, values, strict=True):
            try:
                layout.store(image, at + offset, value)
            except (TypeError, InvalidArgument) as error:
                raise _inside(name, error) from None

    def load(self, memory: memoryview, at: int) -> Any:
        return self._class(
            **{name: layout.load(memory, at + offset) for name, layout, offset in self._fields}
        )


class Variant(Layout):
    """One of several cases, each with a value of its own layout or with none.

    `make(case, value)` gives the Python value, `pick(value)` takes it apart again.
    """

    def __init__(
        self,
        *cases: Layout | None,
        make: Callable[[int, Any], Any],
        pick: Callable[[Any], tuple[int, Any]] | None = None,
    ) -> None:
        self._cases, self._make, self._pick = cases, make, pick
        layouts = [case for case in cases if case is not None]
        self.align = max((case.align for case in layouts), default=1)
        self._offset = _aligned(1, self.align)
        largest = max((case.size for case in layouts), default=0)
        self.size = _aligned(self._offset + largest, self.align)
        payload = layouts[0].format if len(layouts) == 1 else "x" * largest
        padding = self.size - self._offset - largest
        self.format = "B" + "x" * (self._offset - 1) + payload + "x" * padding

    def store(self, image: Image, at: int, value: Any) -> None:
        if self._pick is None:
            raise NotImplementedError("the contract passes this variant out only")
        number, payload = self._pick(value)
        image.data[at] = number
        case = self._cases[number]
        if case is not None:
            case.store(image, at + self._offset, payload)

    def load(self, memory: memoryview, at: int) -> Any:
        number = memory[at]
        case = self._cases[number]
        return self._make(number, None if case is None else case.load(memory, at + self._offset))


def option(some: Layout) -> Variant:
    """A value or `None`."""
    return Variant(
        None, some, make=lambda _, value: value, pick=lambda value: (0, None) if value is None else (1, value)
    )


def either(ok: Layout | None, err: Layout, error: type) -> Variant:
    """A result: a value, or an error, which is told by its class."""
    return Variant(
        ok, err, make=lambda _, value: value, pick=lambda value: (int(isinstance(value, error)), value)
    )


class Enumeration(Layout):
    """An enum, whose members stand in the order of the contract."""

    size = align = 1
    format = "B"

    def __init__(self, cls: type[PythonEnum]) -> None:
        self._class = cls
        self._members = list(cls)
        self._numbers = {member: number for number, member in enumerate(self._members)}

    def store(self, image: Image, at: int, value: Any) -> None:
        if not isinstance(value, self._class):
            raise TypeError(f"expected {self._class.__name__}, got {type(value).__name__}")
        image.data[at] = self._numbers[value]

    def load(self, memory: memoryview, at: int) -> Any:
        return self._members[memory[at]]


def _aligned(at: int, align: int) -> int:
    return (at + align - 1) // align * align


def _inside(name: str, error: TypeError | InvalidArgument) -> TypeError | InvalidArgument:
    """The error with the path to its value, from the outside in: `entry.ids[0].synced: expected ...`."""
    text = str(error)
    path, separator, rest = text.partition(": ")
    if separator and not path.startswith("expected"):
        joint = "" if path.startswith("[") else "."
        return type(error)(f"{name}{joint}{path}: {rest}")
    return type(error)(f"{name}: {text}")
