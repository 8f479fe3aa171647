"""The component inside the package, compiled once in a process.

wasmtime's Python API for components converts every byte of a list as a value of its own, ends an instance
on an error of a function whose two types are of one kind, and at an answer of 2.6 MiB. So the component's
main module is run with the API for modules, and `_abi` converts as the canonical ABI says.
"""

from __future__ import annotations

import functools
import threading
from importlib.resources import files

from wasmtime import Engine, Module

_lock = threading.Lock()

#: Allocates many blocks in one call, which costs as much as one block would. `blocks` holds how many there
#: are, in 8 bytes, then pairs of size and alignment, and afterwards the pointer in place of each size. All
#: of it goes by memory, since wasmtime takes longer over one argument than over the whole call.
_ALLOCATOR = """
(module
  (import "graph" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
  (memory (export "blocks") 1)
  (func (export "allocate")
    (local $at i32) (local $end i32)
    (local.set $at (i32.const 8))
    (local.set $end (i32.add (i32.const 8) (i32.shl (i32.load (i32.const 0)) (i32.const 3))))
    (loop $next
      (i32.store (local.get $at)
        (call $realloc (i32.const 0) (i32.const 0)
          (i32.load offset=4 (local.get $at)) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))
"""

#: Blocks that fit into the allocator's one page of memory.
BLOCKS_AT_ONCE = 65_536 // 8 - 1


def component() -> bytes:
    """The component, as the package ships it."""
    return files(__package__).joinpath("graph.wasm").read_bytes()


def compiled() -> tuple[Engine, Module, Module]:
    """The engine, the component's main module and the allocator beside it."""
    with _lock:
        return _compiled()


@functools.cache
def _compiled() -> tuple[Engine, Module, Module]:
    engine = Engine()
    return engine, Module(engine, main_module(component())), Module(engine, _ALLOCATOR)


def main_module(component: bytes) -> bytes:
    """The largest core module of a component; the others only tie its imports to it."""
    if component[:8] != b"\0asm\x0d\0\1\0":
        raise ValueError("this is no component of WebAssembly")
    modules = []
    at = 8
    while at < len(component):
        section = component[at]
        size, start = _leb128(component, at + 1)
        if section == 1:
            modules.append(component[start : start + size])
        at = start + size
    return max(modules, key=len)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number, and where it ends."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at
