//! The component's allocator: free lists by powers of two over memory that only grows.
//!
//! An operation makes a few hundred short-lived allocations of a few sizes. Here each is a handful of
//! instructions, and the code is a tenth of a general allocator's: 5 % of the component. The price is
//! that a block is up to twice as large as what was asked for.

#![no_std]
#![cfg(target_arch = "wasm32")]
#![allow(unsafe_code)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32;
use core::cell::Cell;
use core::ptr;

unsafe extern "C" {
    /// Where the linker says that data and stack end.
    static __heap_base: u8;
    /// Where it says that the first memory ends.
    static __heap_end: u8;
}

const PAGE: usize = 64 * 1024;
/// No block is smaller than 2 to this power: it must hold the address of the next free one, and
/// everything that WebAssembly loads at once wants no stricter alignment.
const LEAST_CLASS: u32 = 4;
const CLASSES: usize = usize::BITS as usize;

/// The allocator of an instance without threads.
pub struct SizeClasses {
    /// For each power of two the first free block of that size, each holding the next one's address.
    free: [Cell<usize>; CLASSES],
    /// Memory that was never handed out.
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the component is built without threads, so nothing else can be in here.
unsafe impl Sync for SizeClasses {}

impl SizeClasses {
    /// An allocator that has handed out nothing.
    // A static needs a constant, which no trait gives.
    #[allow(clippy::new_without_default)]
    #[must_use]
    pub const fn new() -> Self {
        Self { free: [const { Cell::new(0) }; CLASSES], next: Cell::new(0), end: Cell::new(0) }
    }

    /// The list of the class that a layout belongs to, and the size of its blocks; none where the
    /// address space could not hold it.
    #[inline]
    fn class(&self, layout: Layout) -> Option<(&Cell<usize>, usize)> {
        let size = layout.size().max(layout.align()).max(1 << LEAST_CLASS);
        let class = usize::BITS - (size - 1).leading_zeros();
        Some((self.free.get(class as usize)?, 1 << class))
    }

    /// Memory that was never handed out. Blocks start at multiples of 16; a layout that wants more
    /// gets a block of at least that size, which starts at a multiple of it within fresh pages.
    fn fresh(&self, size: usize, align: usize) -> Option<usize> {
        if self.end.get() == 0 {
            // What the first pages have left beyond data and stack: tens of kilobytes, enough for most
            // instances, which then never grow their memory. Growing costs as much as a whole operation.
            self.next.set((&raw const __heap_base) as usize);
            self.end.set((&raw const __heap_end) as usize);
        }
        let align = align.max(1 << LEAST_CLASS);
        let start = self.next.get().checked_next_multiple_of(align)?;
        let end = start.checked_add(size)?;
        if end <= self.end.get() {
            self.next.set(end);
            return Some(start);
        }
        let pages = size.div_ceil(PAGE);
        let grown = wasm32::memory_grow::<0>(pages);
        if grown == usize::MAX {
            return None;
        }
        // What was left of the pages before is given up: another allocation may have grown the
        // memory in between, and small blocks leave little.
        let start = grown * PAGE;
        self.next.set(start + size);
        self.end.set(start + pages * PAGE);
        Some(start)
    }
}

// SAFETY: blocks are disjoint, at least as large as asked for, and aligned (see `fresh`).
unsafe impl GlobalAlloc for SizeClasses {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, size)) = self.class(layout) else { return ptr::null_mut() };
        let head = list.get() as *mut usize;
        // A block of the list may start at any multiple of 16. Nothing here wants more.
        if head.is_null() || layout.align() > 1 << LEAST_CLASS {
            return self.fresh(size, layout.align()).map_or(ptr::null_mut(), |at| at as *mut u8);
        }
        // SAFETY: a free block holds the address of the next one, written by `dealloc`.
        list.set(unsafe { head.read() });
        head.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some((list, _)) = self.class(layout) {
            // SAFETY: the block is not in use any more, holds at least an address, and is aligned for it.
            #[allow(clippy::cast_ptr_alignment)]
            unsafe {
                block.cast::<usize>().write(list.get());
            };
            list.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size is a valid one for the alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let block_size = |layout| self.class(layout).map(|(_, size)| size);
        if block_size(wanted) == block_size(layout) {
            return block;
        }
        // SAFETY: both blocks hold the bytes that are copied, and are disjoint.
        unsafe {
            let new = self.alloc(wanted);
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}
