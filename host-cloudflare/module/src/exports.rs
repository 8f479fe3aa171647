//! What the script calls.
//!
//! Bytes go in and out in buffers: the script asks for one with [`allocate`], writes into it at
//! [`data`], and gives it away with the call; it frees what it is given with [`release`].

#![allow(
    clippy::unnecessary_box_returns,
    reason = "what the script holds is the address of a buffer"
)]

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

use dlmalloc::GlobalDlmalloc;
use edge_routes::Client;
use http::{HeaderName, HeaderValue, Request};
use identity_graph::Geo;

use crate::config::Config;
use crate::exchange::Ask;
use crate::frames::{join, split};
use crate::imports::Script;
use crate::platform::Arrival;
use crate::store::Rows;
use crate::worker::{Step, Worker};

#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// Bytes that the script and the module hand each other.
type Buffer = Box<Vec<u8>>;

/// A buffer of this length.
#[unsafe(no_mangle)]
extern "C" fn allocate(length: usize) -> Buffer {
    Box::new(vec![0; length])
}

/// Where the bytes of a buffer are.
#[unsafe(no_mangle)]
extern "C" fn data(buffer: &Vec<u8>) -> *const u8 {
    buffer.as_ptr()
}

/// How many they are.
#[unsafe(no_mangle)]
extern "C" fn length(buffer: &Vec<u8>) -> usize {
    buffer.len()
}

/// Frees a buffer.
#[unsafe(no_mangle)]
extern "C" fn release(buffer: Buffer) {
    drop(buffer);
}

/// Takes the configuration.
#[unsafe(no_mangle)]
extern "C" fn configure(config: Buffer) {
    let config = Config::parse(&String::from_utf8_lossy(&config));
    WORKER.set(Some(Worker::new(config, Rc::new(Script))));
}

/// Begins to serve a request; the [`step`].
#[unsafe(no_mangle)]
extern "C" fn start(arrival: Buffer) -> Buffer {
    let step = match read(&arrival) {
        Some(arrival) => with(|worker| Some(worker.start(arrival))),
        None => None,
    };
    answer(step)
}

/// Goes on with a request: one frame for each answer, with a byte before what is answered and nothing
/// where it is not; the [`step`].
#[unsafe(no_mangle)]
extern "C" fn resume(number: u32, answers: Buffer) -> Buffer {
    let each = |frame: &[u8]| frame.get(1..).map(<[u8]>::to_vec);
    let answers = split(&answers).map(each).collect();
    answer(with(|worker| worker.resume(number, answers)))
}

/// Gives up a request.
#[unsafe(no_mangle)]
extern "C" fn forget(number: u32) {
    with(|worker| {
        worker.forget(number);
        None
    });
}

/// Carries out what a Worker asks of the object that is running.
#[unsafe(no_mangle)]
extern "C" fn carry_out(call: Buffer) -> Buffer {
    Box::new(crate::carry_out(&call, Rows))
}

fn with(act: impl FnOnce(&mut Worker) -> Option<Step>) -> Option<Step> {
    WORKER.with_borrow_mut(|worker| act(worker.as_mut()?))
}

/// Frames: method, address, "1" for a request to this machine, the client's address, country, region,
/// number of the autonomous system, metro code, JA4, then name and value of each header.
fn read(arrival: &[u8]) -> Option<Arrival> {
    let mut frames = split(arrival);
    let mut text = || str::from_utf8(frames.next()?).ok();
    let mut request = Request::builder().method(text()?).uri(text()?);
    let is_local = text()? == "1";
    let ip: Option<IpAddr> = text()?.parse().ok();
    let (country, region) = (text()?, text()?);
    let (asn, dma) = (text()?.parse().unwrap_or_default(), text()?.parse().unwrap_or_default());
    let geo = (!country.is_empty()).then(|| Geo::from_lookup(country, region, asn, dma));
    let ja4 = Some(text()?).filter(|ja4| !ja4.is_empty()).map(str::to_owned);
    let client = Client { ip, geo, ja4, h2: None };
    while let (Some(name), Some(value)) = (frames.next(), frames.next()) {
        let header = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value));
        if let (Ok(name), Ok(value)) = header {
            request = request.header(name, value);
        }
    }
    Some(Arrival { request: request.body(()).ok()?, client, is_local })
}

/// Frames of a step: "respond", status, body, then name and value of each header; or "ask", number, then
/// object and call of each call; or "body", number, bytes at most. None for a request that is none, or
/// that does not wait.
fn answer(step: Option<Step>) -> Buffer {
    let Some(step) = step else { return Buffer::default() };
    let number = |number: u64| number.to_string().into_bytes();
    let mut frames: Vec<Vec<u8>> = Vec::new();
    match step {
        Step::Respond(response) => {
            let (parts, body) = response.into_parts();
            frames.extend([b"respond".to_vec(), number(parts.status.as_u16().into()), body]);
            for (name, value) in &parts.headers {
                frames.extend([name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()]);
            }
        }
        Step::Ask(id, Ask::Objects(calls)) => {
            frames.extend([b"ask".to_vec(), number(id.into())]);
            for call in calls {
                frames.extend([format!("{:02x}", call.object).into_bytes(), call.call]);
            }
        }
        Step::Ask(id, Ask::Body(limit)) => {
            frames.extend([b"body".to_vec(), number(id.into()), number(limit)]);
        }
    }
    Box::new(join(frames.iter().map(Vec::as_slice)))
}
