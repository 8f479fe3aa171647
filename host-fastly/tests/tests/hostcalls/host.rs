//! Fastly's host, played by script.

use std::collections::VecDeque;
use std::sync::OnceLock;

use wasmtime::{Caller, Engine, Extern, Linker, Module, Store};

/// The answer to one request that is waited for.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) code: u32,
    pub(crate) body: Vec<u8>,
    pub(crate) breaks_off: bool,
    /// How telling the length of the body ends.
    pub(crate) length_status: i32,
    pub(crate) metadata: String,
}

impl Answer {
    pub(crate) fn found(body: &str) -> Self {
        Self {
            status: 0,
            code: 1,
            body: body.into(),
            breaks_off: false,
            length_status: NONE,
            metadata: "metadata".to_owned(),
        }
    }

    pub(crate) fn ok() -> Self {
        Self::found("")
    }

    pub(crate) fn code(code: u32) -> Self {
        Self { code, ..Self::found("") }
    }

    pub(crate) fn status(status: i32) -> Self {
        Self { status, code: 0, ..Self::found("") }
    }
}

/// The host of one run.
#[derive(Default)]
pub(crate) struct Host {
    /// What waits are answered, in order.
    pub(crate) answers: VecDeque<Answer>,
    /// How opening the store ends.
    pub(crate) open_status: i32,
    /// How sending a request ends.
    pub(crate) send_status: i32,
    /// What was asked about keys, pages and the bodies of answers.
    pub(crate) calls: Vec<String>,
    /// Bodies that were given out; those that the guest made stay empty.
    pub(crate) bodies: Vec<Given>,
}

/// A body that was given out.
pub(crate) struct Given {
    bytes: VecDeque<u8>,
    breaks_off: bool,
    length_status: i32,
}

/// Runs one export; what it says, and the calls that it made.
pub(crate) fn run(
    export: &str,
    answers: impl IntoIterator<Item = Answer>,
) -> (String, Vec<String>) {
    run_with(export, None, Host { answers: answers.into_iter().collect(), ..Host::default() })
}

/// [`run`] with an argument and any host.
pub(crate) fn run_with(export: &str, argument: Option<u32>, host: Host) -> (String, Vec<String>) {
    static PROBE: OnceLock<Module> = OnceLock::new();
    let probe = PROBE.get_or_init(|| {
        let file = host_fastly_local::module("host-fastly-probe", "host_fastly_probe.wasm");
        Module::from_file(&Engine::default(), file).expect("the probe is a module")
    });
    let mut linker = Linker::new(probe.engine());
    define(&mut linker).expect("each import is defined once");
    linker.define_unknown_imports_as_traps(probe).expect("the others are functions");
    let mut store = Store::new(probe.engine(), host);
    let instance = linker.instantiate(&mut store, probe).expect("the imports fit");
    if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
        initialize.call(&mut store, ()).expect("the probe starts");
    }
    let said = match argument {
        None => instance
            .get_typed_func::<(), u64>(&mut store, export)
            .and_then(|function| function.call(&mut store, ())),
        Some(argument) => instance
            .get_typed_func::<u32, u64>(&mut store, export)
            .and_then(|function| function.call(&mut store, argument)),
    };
    let said = said.unwrap_or_else(|trap| panic!("{export}: {trap:?}"));
    let memory = instance.get_memory(&mut store, "memory").expect("the probe has a memory");
    let (address, length) = ((said >> 32) as usize, (said & 0xffff_ffff) as usize);
    let text = &memory.data(&store)[address..address + length];
    let text = String::from_utf8_lossy(text).into_owned();
    let host = store.into_data();
    assert!(host.answers.is_empty(), "{export} waited for less than was scripted");
    (text, host.calls)
}

type Guest<'a> = Caller<'a, Host>;

const OK: i32 = 0;
const ERROR: i32 = 1;
const BUFFER_LENGTH: i32 = 4;
const NONE: i32 = 10;

fn define(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    define_sending(linker)?;
    define_waiting(linker)?;
    define_bodies(linker)
}

fn define_sending(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    const KV: &str = "fastly_kv_store";
    linker.func_wrap(KV, "open", |mut guest: Guest<'_>, _: u32, _: u32, out: u32| {
        write(&mut guest, out, &1_u32.to_le_bytes());
        guest.data().open_status
    })?;
    linker.func_wrap(
        KV,
        "lookup",
        |mut guest: Guest<'_>, _: u32, key: u32, length: u32, _: u32, _: u32, out: u32| {
            let key = text(&mut guest, key, length);
            send(&mut guest, format!("lookup {key}"), out)
        },
    )?;
    linker.func_wrap(
        KV,
        "insert",
        |mut guest: Guest<'_>,
         _: u32,
         key: u32,
         length: u32,
         _: u32,
         mask: u32,
         config: u32,
         out: u32| {
            let key = text(&mut guest, key, length);
            let config = insert_config(&mut guest, mask, config);
            send(&mut guest, format!("insert {key}: {config}"), out)
        },
    )?;
    linker.func_wrap(
        KV,
        "delete",
        |mut guest: Guest<'_>, _: u32, key: u32, length: u32, _: u32, _: u32, out: u32| {
            let key = text(&mut guest, key, length);
            send(&mut guest, format!("delete {key}"), out)
        },
    )?;
    linker.func_wrap(
        KV,
        "list",
        |mut guest: Guest<'_>, _: u32, mask: u32, config: u32, out: u32| {
            let config = list_config(&mut guest, mask, config);
            send(&mut guest, format!("list {config}"), out)
        },
    )?;
    Ok(())
}

fn define_waiting(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    const KV: &str = "fastly_kv_store";
    linker.func_wrap(
        KV,
        "lookup_wait_v2",
        |mut guest: Guest<'_>,
         _: u32,
         body: u32,
         buffer: u32,
         size: u32,
         written: u32,
         generation: u32,
         code: u32| {
            let answer = wait(&mut guest, "lookup_wait", code);
            if answer.metadata.len() > size as usize {
                return BUFFER_LENGTH;
            }
            write(&mut guest, buffer, answer.metadata.as_bytes());
            write_length(&mut guest, written, answer.metadata.len());
            write(&mut guest, generation, &7_u64.to_le_bytes());
            give_body(&mut guest, &answer, body);
            answer.status
        },
    )?;
    linker.func_wrap(KV, "insert_wait", |mut guest: Guest<'_>, _: u32, code: u32| {
        wait(&mut guest, "insert_wait", code).status
    })?;
    linker.func_wrap(KV, "delete_wait", |mut guest: Guest<'_>, _: u32, code: u32| {
        wait(&mut guest, "delete_wait", code).status
    })?;
    linker.func_wrap(KV, "list_wait", |mut guest: Guest<'_>, _: u32, body: u32, code: u32| {
        let answer = wait(&mut guest, "list_wait", code);
        give_body(&mut guest, &answer, body);
        answer.status
    })?;
    Ok(())
}

fn define_bodies(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    const BODY: &str = "fastly_http_body";
    linker.func_wrap(BODY, "new", |mut guest: Guest<'_>, out: u32| {
        give_body(&mut guest, &Answer::ok(), out);
        OK
    })?;
    linker.func_wrap(
        BODY,
        "write",
        |mut guest: Guest<'_>, _: u32, _: u32, length: u32, _: u32, written: u32| {
            write(&mut guest, written, &length.to_le_bytes());
            OK
        },
    )?;
    linker.func_wrap(
        BODY,
        "read",
        |mut guest: Guest<'_>, body: u32, buffer: u32, size: u32, read: u32| {
            let Given { bytes, breaks_off, .. } = &mut guest.data_mut().bodies[body as usize];
            let breaks_off = *breaks_off;
            let chunk: Vec<u8> = bytes.drain(..bytes.len().min(size as usize)).collect();
            guest.data_mut().calls.push(format!("read {}", chunk.len()));
            write(&mut guest, buffer, &chunk);
            write_length(&mut guest, read, chunk.len());
            if breaks_off { ERROR } else { OK }
        },
    )?;
    linker.func_wrap(BODY, "known_length", |mut guest: Guest<'_>, body: u32, length: u32| {
        let Given { bytes, length_status, .. } = &guest.data().bodies[body as usize];
        let (status, bytes) = (*length_status, bytes.len() as u64);
        if status == OK {
            write(&mut guest, length, &bytes.to_le_bytes());
        }
        status
    })?;
    linker.func_wrap(BODY, "close", |mut guest: Guest<'_>, _: u32| {
        guest.data_mut().calls.push("close".to_owned());
        OK
    })?;
    Ok(())
}

/// The options of an insert, of which the mask says which are set.
fn insert_config(guest: &mut Guest<'_>, mask: u32, config: u32) -> String {
    let [mode, _, metadata, length, ttl, _, low, high] = numbers(guest, config);
    let mut options = vec![format!("mode {mode}")];
    if mask & 16 != 0 {
        options.push(format!("ttl {ttl}"));
    }
    if mask & 8 != 0 {
        options.push(format!("metadata {}", text(guest, metadata, length)));
    }
    if mask & 32 != 0 {
        options.push(format!("generation {high:08x}{low:08x}"));
    }
    options.join(", ")
}

/// The options of a list; limit and prefix are always set.
fn list_config(guest: &mut Guest<'_>, mask: u32, config: u32) -> String {
    let [_, cursor, cursor_length, limit, prefix, length] = numbers(guest, config);
    let mut options = format!("{}: limit {limit}", text(guest, prefix, length));
    if mask & 2 != 0 {
        options = format!("{options}, cursor {}", text(guest, cursor, cursor_length));
    }
    options
}

fn send(guest: &mut Guest<'_>, call: String, out: u32) -> i32 {
    guest.data_mut().calls.push(call);
    write(guest, out, &1_u32.to_le_bytes());
    guest.data().send_status
}

fn wait(guest: &mut Guest<'_>, call: &str, code: u32) -> Answer {
    guest.data_mut().calls.push(call.to_owned());
    let answer = guest.data_mut().answers.pop_front().expect("the test answers each wait");
    write(guest, code, &answer.code.to_le_bytes());
    answer
}

fn give_body(guest: &mut Guest<'_>, answer: &Answer, out: u32) {
    if answer.code == 1 {
        let bodies = &mut guest.data_mut().bodies;
        bodies.push(Given {
            bytes: answer.body.clone().into(),
            breaks_off: answer.breaks_off,
            length_status: answer.length_status,
        });
        let handle = u32::try_from(bodies.len() - 1).expect("a few bodies");
        write(guest, out, &handle.to_le_bytes());
    }
}

fn memory<'a>(guest: &'a mut Guest<'_>) -> &'a mut [u8] {
    match guest.get_export("memory") {
        Some(Extern::Memory(memory)) => memory.data_mut(guest),
        _ => panic!("the probe exports its memory"),
    }
}

fn write(guest: &mut Guest<'_>, at: u32, bytes: &[u8]) {
    memory(guest)[at as usize..][..bytes.len()].copy_from_slice(bytes);
}

fn text(guest: &mut Guest<'_>, at: u32, length: u32) -> String {
    String::from_utf8_lossy(&memory(guest)[at as usize..][..length as usize]).into_owned()
}

fn numbers<const N: usize>(guest: &mut Guest<'_>, at: u32) -> [u32; N] {
    let bytes = &memory(guest)[at as usize..][..4 * N];
    std::array::from_fn(|index| {
        let bytes = bytes[4 * index..][..4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    })
}

fn write_length(guest: &mut Guest<'_>, at: u32, length: usize) {
    let length = u32::try_from(length).expect("it fits the buffer");
    write(guest, at, &length.to_le_bytes());
}
