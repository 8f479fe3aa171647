//! The operator's page, as its forms are sent.

use ureq::http::Response;

use crate::service::{Browser, OPERATOR, Service};

#[track_caller]
fn send(service: &Service, session: &str, form: &str) -> Response<Vec<u8>> {
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("cookie", session),
    ];
    service.send("POST", "/_ts/admin", &headers, form.as_bytes())
}

#[track_caller]
fn act(service: &Service, session: &str, action: &str, id: &str) -> (u16, String) {
    let response = send(service, session, &format!("do={action}&ec_id={id}"));
    let status = response.status().as_u16();
    (status, String::from_utf8(response.into_body()).expect("text"))
}

pub(crate) fn the_operator_looks_at_a_row_withdraws_and_deletes_it(service: &Service) {
    let mut browser = Browser::default();
    browser.cookies.set_eids(&[("pubcid.org", "t")]);
    browser.open(service, &[]);
    let id = browser.id();

    assert_eq!(act(service, "", "look-up", &id).0, 401);
    assert_eq!(send(service, "", "do=sign-in&token=wrong").status(), 401);
    let signed_in = send(service, "", &format!("do=sign-in&token={OPERATOR}"));
    assert_eq!(signed_in.status(), 303);
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("text");
    let (session, _) = cookie.split_once(';').expect("attributes");

    let (status, page) = act(service, session, "look-up", &id);
    assert_eq!(status, 200);
    assert!(page.contains("pubcid.org") && page.contains("last seen"), "{page}");
    let elsewhere = [("sec-fetch-site", "cross-site"), ("cookie", session)];
    let form = format!("do=delete&ec_id={id}");
    assert_eq!(service.send("POST", "/_ts/admin", &elsewhere, form.as_bytes()).status(), 403);

    assert_eq!(act(service, session, "withdraw", &id).0, 200);
    assert_eq!(service.stored(&id)["consent"]["ok"], false);
    assert_eq!(act(service, session, "delete", &id).0, 200);
    let (status, page) = act(service, session, "look-up", &id);
    assert!(status == 404 && !page.contains(&id), "{page}");
    assert!(!service.log().contains(&id), "no whole ID is logged");
}
