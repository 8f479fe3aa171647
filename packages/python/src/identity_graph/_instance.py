"""One running instance of the component, and the border that values cross."""

from __future__ import annotations

import itertools
import struct
import weakref
from collections.abc import Callable
from typing import Any, cast

from wasmtime import Func, FuncType, Memory, Store
from wasmtime import Instance as CoreInstance

from . import _contract as contract
from ._abi import Image
from ._component import BLOCKS_AT_ONCE, compiled
from ._contract import IDENTITY_GRAPH, KV_CAS, Function
from ._kv import KvCas

# The API for modules tells every number with a sign.
U32, U64 = 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF


def prepare(function: Function, *arguments: Any) -> Image:
    """The arguments of a call, checked: `TypeError` or `InvalidArgument` names the one that is wrong."""
    image = Image(function.params.size, function.params.align)
    function.params.store_fields(image, 0, arguments)
    return image


class Instance:
    """An instance over a store, for one thread at a time. After any exception it is used no more: where
    the component was stopped, its memory may be in the middle of something."""

    def __init__(self, kv: KvCas) -> None:
        engine, module, allocator = compiled()
        self.kv = kv
        #: What stopped the component where it was no failure of the store: `KeyboardInterrupt` and such.
        self.stopped_by: BaseException | None = None
        self._store = Store(engine)
        functions = _imports(self)
        imports = []
        for wanted in module.imports:
            name = f"{wanted.module} {wanted.name}"
            if name not in functions:
                raise ImportError(f"the component wants {name}, which this package does not know")
            imports.append(Func(self._store, cast(FuncType, wanted.type), functions[name]))
        exports = CoreInstance(self._store, module, imports).exports(self._store)
        self._functions = {name: export for name, export in exports.items() if isinstance(export, Func)}
        self._memory = cast(Memory, exports["memory"])
        self._view = memoryview(b"")
        realloc = self._functions["cabi_realloc"]
        beside = CoreInstance(self._store, allocator, [realloc]).exports(self._store)
        self._allocate = cast(Func, beside["allocate"])
        # A memory that does not grow stays where it is.
        self._blocks = _view(cast(Memory, beside["blocks"]), self._store)

    def call(self, function: Function, arguments: Image) -> Any:
        """Calls a function with arguments that `prepare` made."""
        if function.arguments is None:
            pointer = Image(4, 4)
            pointer.blocks.append((0, arguments, arguments.align))
            self._place(pointer)
            core = struct.unpack("<I", pointer.data)
        else:
            self._place(arguments)
            core = function.arguments.unpack(arguments.data)
        answer = self._functions[function.export](self._store, *core)
        if function.answers_directly:
            return answer & U64
        value = function.result.load(self.memory(), answer & U32)
        after = self._functions.get(f"cabi_post_{function.export}")
        if after is not None:
            after(self._store, answer)
        return value

    def drop(self, destructor: str, resource: int) -> None:
        """Ends a resource of the component."""
        self._functions[destructor](self._store, resource)

    def answer(self, image: Image, at: int) -> None:
        """Hands over what the store answered, to where the component wants it."""
        self._place(image)
        self.memory()[at : at + len(image.data)] = image.data

    def memory(self) -> memoryview:
        """The component's memory as it is now: what runs in it may let it grow."""
        if self._memory.data_len(self._store) != len(self._view):
            self._view = _view(self._memory, self._store)
        return self._view

    def _place(self, root: Image) -> None:
        """Copies what an image refers to into the component, and fills in the pointers."""
        places: list[tuple[bytearray, int]] = []
        blocks: list[tuple[bytes | bytearray, int]] = []
        images = [root]
        while images:
            image = images.pop()
            for at, block, align in image.blocks:
                places.append((image.data, at))
                if isinstance(block, Image):
                    images.append(block)
                    blocks.append((block.data, align))
                else:
                    blocks.append((block, align))
        pointers = self._new([(len(block), align) for block, align in blocks])
        for (holder, at), pointer in zip(places, pointers, strict=True):
            struct.pack_into("<I", holder, at, pointer)
        memory = self.memory()
        for (data, _), pointer in zip(blocks, pointers, strict=True):
            memory[pointer : pointer + len(data)] = data

    def _new(self, sizes: list[tuple[int, int]]) -> list[int]:
        """Allocates blocks of these sizes and alignments in the component."""
        pointers: list[int] = []
        for start in range(0, len(sizes), BLOCKS_AT_ONCE):
            some = sizes[start : start + BLOCKS_AT_ONCE]
            pairs = f"<{2 * len(some)}I"
            struct.pack_into("<Q", self._blocks, 0, len(some))
            struct.pack_into(pairs, self._blocks, 8, *itertools.chain.from_iterable(some))
            self._allocate(self._store)
            pointers.extend(struct.unpack_from(pairs, self._blocks, 8)[::2])
        return pointers


def _view(memory: Memory, store: Store) -> memoryview:
    return memoryview(memory.get_buffer_ptr(store)).cast("B")


def _imports(instance: Instance) -> dict[str, Callable[..., Any]]:
    """What the component imports, by interface and name."""
    # wasmtime keeps the functions until its store ends: they may not keep the instance, and its store.
    of = weakref.ref(instance)

    def call(method: Callable[[Instance], Image], at: int) -> None:
        instance = of()
        assert instance is not None, "a call holds its instance"
        try:
            instance.answer(method(instance), at & U32)
        except BaseException as error:
            instance.stopped_by = error
            raise

    def text(instance: Instance, at: int, length: int) -> str:
        return str(_slice(instance, at, length), "utf-8")

    def get(_store: int, key: int, key_length: int, to: int) -> None:
        call(lambda it: it.kv.get(text(it, key, key_length)), to)

    def head(_store: int, key: int, key_length: int, to: int) -> None:
        call(lambda it: it.kv.head(text(it, key, key_length)), to)

    def put(
        _store: int,
        key: int,
        key_length: int,
        body: int,
        body_length: int,
        metadata: int,
        metadata_length: int,
        time_to_live: int,
        case: int,
        generation: int,
        to: int,
    ) -> None:
        call(
            lambda it: it.kv.put(
                text(it, key, key_length),
                bytes(_slice(it, body, body_length)),
                text(it, metadata, metadata_length),
                time_to_live & U32,
                contract.condition(case, generation & U64),
            ),
            to,
        )

    def delete(_store: int, key: int, key_length: int, to: int) -> None:
        call(lambda it: it.kv.delete(text(it, key, key_length)), to)

    def count(_store: int, prefix: int, prefix_length: int, limit: int, to: int) -> None:
        call(lambda it: it.kv.count(text(it, prefix, prefix_length), limit & U32), to)

    def get_many(_store: int, keys: int, length: int, to: int) -> None:
        call(lambda it: it.kv.get_many(contract.KEYS.load_items(it.memory(), keys & U32, length & U32)), to)

    def put_many(_store: int, writes: int, length: int, to: int) -> None:
        call(
            lambda it: it.kv.put_many(contract.WRITES.load_items(it.memory(), writes & U32, length & U32)), to
        )

    def open_store(_name: int, _length: int, to: int) -> None:
        # An instance has one store, which it was made for.
        image = Image(contract.OPEN_ANSWER.size, contract.OPEN_ANSWER.align)
        contract.OPEN_ANSWER.store(image, 0, 1)
        call(lambda _: image, to)

    def nothing(_handle: int) -> None:
        pass

    # The handles of the component's own resources are their addresses: nobody else sees them.
    def itself(address: int) -> int:
        return address

    return {
        f"{KV_CAS} [static]store.open": open_store,
        f"{KV_CAS} [method]store.get": get,
        f"{KV_CAS} [method]store.head": head,
        f"{KV_CAS} [method]store.put": put,
        f"{KV_CAS} [method]store.delete": delete,
        f"{KV_CAS} [method]store.count": count,
        f"{KV_CAS} [method]store.get-many": get_many,
        f"{KV_CAS} [method]store.put-many": put_many,
        f"{KV_CAS} [resource-drop]store": nothing,
        f"[export]{IDENTITY_GRAPH} [resource-new]graph": itself,
        f"[export]{IDENTITY_GRAPH} [resource-new]snapshot": itself,
        f"[export]{IDENTITY_GRAPH} [resource-drop]graph": nothing,
        f"[export]{IDENTITY_GRAPH} [resource-drop]snapshot": nothing,
    }


def _slice(instance: Instance, at: int, length: int) -> memoryview:
    start = at & U32
    return instance.memory()[start : start + (length & U32)]
