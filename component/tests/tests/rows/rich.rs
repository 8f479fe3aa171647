//! Rows as they could be: any order, any white space, any escapes, unknown fields at every level and
//! odd values in optional ones.

use host_test::TestGraph;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::cases;
use crate::changes::assert_changes_only;
use crate::operations::{ALL, Call};

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Rich11";

#[derive(Debug, Clone)]
enum Node {
    /// A value as it is written.
    Raw(String),
    /// Members with their names as they are written.
    Object(Vec<(String, Node)>),
}

type Nodes = BoxedStrategy<Node>;
type Fields = Vec<(&'static str, Nodes)>;

/// Text of a row that is a live entry.
pub(crate) fn row() -> impl Strategy<Value = String> {
    let spaces = vec(select(vec!["", "", " ", "\n", "\t", "\r\n  "]), 1..12);
    (entry(), spaces).prop_map(|(entry, spaces)| {
        let mut spaces = spaces.into_iter().cycle();
        let mut text = String::new();
        render(&entry, &mut spaces, &mut text);
        text
    })
}

fn render(node: &Node, spaces: &mut impl Iterator<Item = &'static str>, text: &mut String) {
    let mut space = || spaces.next().unwrap_or_default();
    text.push_str(space());
    match node {
        Node::Raw(raw) => text.push_str(raw),
        Node::Object(members) => {
            text.push('{');
            text.push_str(space());
            for (at, (name, value)) in members.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                text.extend([comma, spaces.next().unwrap_or_default(), name]);
                text.extend([spaces.next().unwrap_or_default(), ":"]);
                render(value, spaces, text);
            }
            text.push('}');
        }
    }
    text.push_str(spaces.next().unwrap_or_default());
}

fn entry() -> Nodes {
    let time = |from: u64, to: u64| (from..to).prop_map(|time| raw(&time.to_string()));
    let consent = object(
        vec![("ok", just("true")), ("updated", time(0, 2_000_000).boxed())],
        vec![
            ("tcf", odd(&["\"CQ\\u0041\"", "\"\""])),
            ("gpp", odd(&["\"DB\""])),
            ("gpp_sid", odd(&["\"7\""])),
            ("withdrawn", pick(&["null", "\"x\"", "-1", "1.5"])),
        ],
    );
    let geo = object(
        vec![("country", pick(&["\"US\"", "\"\\u0055S\"", "\"Utopia\"", "\"\"", "\"zz\""]))],
        vec![("region", odd(&["\"OR\""])), ("asn", odd(&["64500"])), ("dma", odd(&["-5"]))],
    );
    let seen = pick(&[
        "[]",
        "[ \"b.example\" , \"a.example\" ]",
        "{}",
        "{ \"b.example\" : { \"visits\" : 2 }, \"\\u0061.example\":{\"first\":1.50}, \"b.example\":0 }",
    ]);
    let properties =
        object(vec![], vec![("origin_domain", odd(&["\"a.example\""])), ("seen_domains", seen)]);
    let device = object(
        vec![],
        vec![
            ("is_mobile", odd(&["0", "1", "7"])),
            ("ja4_class", odd(&["\"t13\""])),
            ("platform_class", odd(&["\"ios\""])),
            ("h2_fp_hash", odd(&["\"0a\""])),
            ("known_browser", odd(&["true", "false"])),
        ],
    );
    let checked = pick(&["0", "1000", "null", "\"x\""]);
    let network =
        object(vec![], vec![("cluster_size", odd(&["1", "3"])), ("cluster_checked", checked)]);
    let last_seen = prop_oneof![3 => time(1_000_000, 1_100_000), 1 => just("null")];
    object(
        vec![
            ("v", just("1")),
            ("created", time(900_000, 1_000_000).boxed()),
            ("consent", consent),
            ("geo", geo),
        ],
        vec![
            ("last_seen", last_seen.boxed()),
            ("pub_properties", or_null(properties)),
            ("device", or_null(device)),
            ("network", or_null(network)),
            ("ids", or_null(ids())),
        ],
    )
}

fn ids() -> Nodes {
    let partner = || {
        let uid = odd(&["\"u\"", "\"\\u0075 \\/\\\"\"", "\"\u{e9}\u{2028}\"", "\"\""]);
        let synced = pick(&["0", "5", "800000", "null", "\"x\"", "-1", "17.5"]);
        prop_oneof![
            4 => object(vec![], vec![
                ("uid", uid),
                ("synced", synced),
                ("atype", odd(&["1", "571187"])),
                ("expires", pick(&["4000000000", "null", "\"x\""])),
                ("ext", odd(&["{}", "{ \"a\" : 1.50 }"])),
            ]),
            1 => pick(&["null", "5", "[ ]", "{}", "\"u\""]),
        ]
        .boxed()
    };
    let keys = ["p0", "p1.example", "UPPER", "a b", "\u{e4}/x", ""];
    let members: Vec<_> =
        keys.map(|key| proptest::option::of((name(key), partner()))).into_iter().collect();
    members
        .prop_map(|members| members.into_iter().flatten().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(Node::Object)
        .boxed()
}

/// An object of these fields and unknown ones, in any order.
fn object(required: Fields, optional: Fields) -> Nodes {
    let required =
        required.into_iter().map(|(key, value)| (name(key), value).prop_map(Some).boxed());
    let optional =
        optional.into_iter().map(|(key, value)| proptest::option::of((name(key), value)).boxed());
    let known: Vec<_> = required.chain(optional).collect();
    (known, vec(unknown(), 0..3))
        .prop_map(|(known, unknown)| known.into_iter().flatten().chain(unknown).collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(Node::Object)
        .boxed()
}

/// A field of another version. Names may stand twice.
fn unknown() -> impl Strategy<Value = (String, Node)> {
    let names =
        ["\"x\"", "\"x y\"", "\"\\u0078\"", "\"Uid\"", "\"last-seen\"", "\"\\ud83d\\ude00\""];
    (select(names.to_vec()), any_value().prop_map(Node::Raw))
        .prop_map(|(name, value)| (name.to_owned(), value))
}

fn any_value() -> impl Strategy<Value = String> {
    let leaves = [
        "null",
        "true",
        "-0",
        "1000.0",
        "1E+2",
        "0.10",
        "123456789012345678901234567890",
        "\"\"",
        r#""\u00e9\u2028""#,
        r#""\/ \" \\ \n""#,
        "\"\u{e9}\u{1f600}\"",
        r#""{\"v\":2},]""#,
    ];
    let leaf = select(leaves.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" ,"))),
            vec(inner, 0..4).prop_map(|items| {
                let members: Vec<_> = items.iter().map(|item| format!("\"uid\" :{item}")).collect();
                format!("{{{}\n}}", members.join(", "))
            }),
        ]
    })
}

/// A field's name, perhaps with an escape that it does not need.
fn name(name: &'static str) -> impl Strategy<Value = String> {
    proptest::option::weighted(0.2, any::<proptest::sample::Index>()).prop_map(move |escaped| {
        let count = name.chars().count();
        let escaped = escaped.filter(|_| count > 0).map(|index| index.index(count));
        let written = name.chars().enumerate().map(|(at, character)| {
            if Some(at) == escaped {
                format!("\\u{:04x}", u32::from(character))
            } else {
                character.to_string()
            }
        });
        format!("\"{}\"", written.collect::<String>())
    })
}

/// A value that is sometimes of a type it should not have.
fn odd(values: &[&'static str]) -> Nodes {
    let odd = ["null", "7", "-1", "99999999999", "\"\\n\"", "[ 1.0]", "{\"a\" : null}", "false"];
    prop_oneof![3 => pick(values), 1 => pick(&odd)].boxed()
}

fn or_null(node: Nodes) -> Nodes {
    prop_oneof![5 => node, 1 => just("null")].boxed()
}

fn pick(values: &[&'static str]) -> Nodes {
    select(values.to_vec()).prop_map(raw).boxed()
}

fn just(value: &'static str) -> Nodes {
    Just(raw(value)).boxed()
}

fn raw(text: &str) -> Node {
    Node::Raw(text.to_owned())
}

fn changes_leave_the_rest(test: &TestGraph, row: &str) {
    for operation in &ALL {
        test.store.seed(KEY, row, None);
        let call = Call::on(test, KEY, row);
        assert_changes_only(operation, &call, row);
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn changes_leave_the_rest_of_any_row_to_the_byte(row in row()) {
        changes_leave_the_rest(&TestGraph::native(), &row);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    #[cfg(feature = "component")]
    fn the_component_leaves_the_rest_of_any_row_to_the_byte(row in row()) {
        changes_leave_the_rest(&TestGraph::component(), &row);
    }
}
