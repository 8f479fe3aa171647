//! What the script gives the module.

use crate::platform::Surroundings;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    safe fn now() -> u64;
    safe fn random() -> u64;
    fn log(text: *const u8, length: usize);
    fn tell(text: *const u8, length: usize);
    fn store(call: *const u8, length: usize) -> *mut core::ffi::c_void;
}

/// The script.
pub(crate) struct Script;

impl Surroundings for Script {
    fn now(&self) -> u64 {
        now()
    }

    fn random(&self) -> u64 {
        random()
    }

    fn log(&self, line: &str) {
        // SAFETY: the script reads these bytes and keeps no pointer.
        unsafe { log(line.as_ptr(), line.len()) };
    }

    fn request(&self, line: &str) {
        // SAFETY: as above.
        unsafe { tell(line.as_ptr(), line.len()) };
    }
}

/// Makes a call of the rows of the object that is running.
pub(crate) fn call_store(call: &[u8]) -> Vec<u8> {
    // SAFETY: the script reads these bytes, keeps no pointer, and returns what `allocate` gave it.
    unsafe { *Box::from_raw(store(call.as_ptr(), call.len()).cast::<Vec<u8>>()) }
}
