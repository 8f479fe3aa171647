//! The answering side.

use fastly::{Request, Response};
use identity_graph::{KvError, Store};

use crate::call::Call;

/// Answers the request of this instance, over the store that is opened by the name `conformance`.
///
/// # Panics
/// When the store does not open or the request is no call: the suite sees the failed request.
pub fn answer_request<S: Store<Error = KvError>>(open: impl FnOnce(&str) -> Result<S, KvError>) {
    let store = open("conformance").expect("the store is in fastly.toml");
    let call: Call = Request::from_client().take_body_json().expect("the body is a call");
    let answer = call.make(&store).expect("an answer is JSON");
    Response::from_body(answer).send_to_client();
}
