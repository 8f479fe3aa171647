//! What each operation of the component takes, in numbers that are the same on every machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use identity_graph::{
    Device, Entry, Geo, IdentityGraph, IfMissing, Item, KvError, Mapping, NewEntry, PartnerUid,
    Precondition, Store, Write,
};

use crate::faulty::Faulty;
use crate::memory::MemoryStore;
use crate::runtime::{ComponentGraph, Instance, Usage};
use crate::store_calls::StoreCall;

/// When the rows of [`stored`] were made, in Unix seconds.
pub const MADE: u64 = 1_790_000_000;

/// Partners of the standard row, whose body has 1.6 KB.
pub const STANDARD_PARTNERS: usize = 12;

/// An EC ID.
#[must_use]
pub fn ec_id() -> String {
    format!("{}.Ab12Cd", "3f".repeat(32))
}

/// A visit with everything that a page view knows, and UIDs of so many partners.
#[must_use]
pub fn visit(partners: usize) -> NewEntry {
    NewEntry {
        tcf: Some(text("CQ", 180)),
        gpp: Some(text("DBABMA~CQ", 60)),
        geo: Some(Geo::from_lookup("US", "OR", 64_500, 820)),
        device: Some(Device {
            is_mobile: 1,
            ja4_class: Some("t13d1516h2".to_owned()),
            platform_class: Some("ios".to_owned()),
            h2_fp_hash: Some("9f86d081884c".to_owned()),
            known_browser: Some(true),
        }),
        domain: Some("news.example.com".to_owned()),
        ids: (0..partners).map(|at| uid(at, 0)).collect(),
        ..NewEntry::at(MADE)
    }
}

/// A partner's UID for the browser. Version `n` is another UID, asserted `n` seconds later.
#[must_use]
pub fn uid(partner: usize, version: u64) -> PartnerUid {
    let key = format!("{:05x}-sync.example", (partner * 0x9e37 + 0x3f1a5) & 0xf_ffff);
    let number = (partner as u128 + 1) * 0x9e37_79b9_7f4a_7c15 + u128::from(version);
    PartnerUid::new(key, format!("{number:032x}")).synced(MADE + version)
}

/// The stored row of a [`visit`].
///
/// # Panics
/// When it has more partners than a row holds.
#[must_use]
pub fn stored(partners: usize) -> Item {
    let entry = Entry::new(visit(partners)).expect("the visit is in order");
    let row = entry.encode().expect("a row holds as many");
    Item { body: row.body, metadata: Some(row.metadata), generation: 7 }
}

/// One partner's mappings for so many rows.
#[must_use]
pub fn mappings(number: usize) -> Vec<Mapping> {
    let mapping = |at: usize| {
        let ec_id = format!("{:064x}.Ab12Cd", (at as u128 + 1) * 0x9e37_79b9_7f4a_7c15);
        Mapping::new(ec_id, format!("{at:032x}"), MADE + 500)
    };
    (0..number).map(mapping).collect()
}

fn text(start: &str, length: usize) -> String {
    start.chars().chain("AbCdEf0123-_".chars().cycle()).take(length).collect()
}

/// What one operation takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// The operation.
    pub name: &'static str,
    /// What it takes.
    pub usage: Usage,
}

/// Measures every operation, each in an instance of its own and over the standard row.
///
/// # Panics
/// When an operation fails.
#[must_use]
pub fn measure() -> Vec<Cost> {
    let ec = ec_id();
    let now = MADE + 1_000;
    let later = || uid(STANDARD_PARTNERS / 2, 500);
    let mut costs = Vec::new();
    let mut add = |name, store: &MemoryStore, run: &dyn Fn(&ComponentGraph)| {
        costs.push(Cost { name, usage: usage_of(Box::new(store.clone()), run) });
    };
    let standard = || over(&[ec.as_str()], &stored(STANDARD_PARTNERS));
    let nothing = MemoryStore::new;

    add("open", &nothing(), &|_| ());
    add("get, and entry of the snapshot", &standard(), &|graph| {
        graph.get(&ec, now).unwrap().unwrap().entry();
    });
    add("get-metadata", &standard(), &|graph| drop(graph.get_metadata(&ec).unwrap()));
    add("create", &nothing(), &|graph| {
        graph.create(&ec, visit(STANDARD_PARTNERS)).unwrap();
    });
    add("create-or-revive of a live row", &standard(), &|graph| {
        graph.create_or_revive(&ec, visit(STANDARD_PARTNERS)).unwrap();
    });
    add("visit with news", &standard(), &|graph| {
        let ids = vec![later()];
        graph.visit(&ec, NewEntry { ids, now, ..visit(0) }).unwrap();
    });
    add("visit without news", &standard(), &|graph| {
        graph.visit(&ec, NewEntry { ids: vec![uid(0, 0)], ..visit(0) }).unwrap();
    });
    add("remove-partner-ids", &standard(), &|graph| {
        graph.remove_partner_ids(&ec, vec![later().partner], now).unwrap();
    });
    add("upsert-partner-id", &standard(), &|graph| {
        graph.upsert_partner_id(&ec, later(), IfMissing::Skip, now).unwrap();
    });
    add("upsert-partner-id that changes nothing", &standard(), &|graph| {
        graph.upsert_partner_id(&ec, uid(0, 0), IfMissing::Skip, now).unwrap();
    });
    add("upsert-partner-ids of 3", &standard(), &|graph| {
        let ids = vec![later(), uid(0, 500), uid(50, 500)];
        graph.upsert_partner_ids(&ec, ids, IfMissing::Skip, now).unwrap();
    });
    add("update-last-seen", &standard(), &|graph| {
        graph.update_last_seen(&ec, now).unwrap();
    });
    add("update-last-seen, debounced", &standard(), &|graph| {
        graph.update_last_seen(&ec, MADE + 1).unwrap();
    });
    add("write-withdrawal-tombstone", &standard(), &|graph| {
        graph.write_withdrawal_tombstone(&ec, now).unwrap();
    });
    add("delete", &standard(), &|graph| assert!(graph.delete(&ec).unwrap()));
    add("evaluate-cluster", &standard(), &|graph| {
        graph.evaluate_cluster(&ec, now).unwrap();
    });
    add("inspect", &standard(), &|graph| drop(graph.inspect(&ec).unwrap()));
    add("upsert-partner-id, a row with white space and escapes", &over(&[&ec], &odd()), &|graph| {
        graph.upsert_partner_id(&ec, uid(0, 500), IfMissing::Skip, now).unwrap();
    });
    add("upsert-partner-id of a missing row, which is made", &nothing(), &|graph| {
        graph.upsert_partner_id(&ec, later(), IfMissing::CreateMinimal, now).unwrap();
    });
    add("create-or-revive of a tombstone", &over(&[&ec], &tombstone()), &|graph| {
        graph.create_or_revive(&ec, visit(STANDARD_PARTNERS)).unwrap();
    });
    let row = standard();
    let faulty = Faulty::new(row.clone());
    let other = stored(STANDARD_PARTNERS + 1);
    let key = ec.clone();
    faulty.before(StoreCall::Put, move || put(&row, &key, &other));
    costs.push(Cost {
        name: "upsert-partner-id after a conflict",
        usage: usage_of(Box::new(faulty), &|graph| {
            graph.upsert_partner_id(&ec, later(), IfMissing::Skip, now).unwrap();
        }),
    });
    let mut add = |name, store: &MemoryStore, run: &dyn Fn(&ComponentGraph)| {
        costs.push(Cost { name, usage: usage_of(Box::new(store.clone()), run) });
    };
    for (name, partners) in [
        ("upsert-partner-id, 1 partner", 1),
        ("upsert-partner-id, 50 partners", 50),
        ("upsert-partner-id, 200 partners", 200),
    ] {
        add(name, &over(&[ec.as_str()], &stored(partners)), &|graph| {
            graph.upsert_partner_id(&ec, uid(0, 500), IfMissing::Skip, now).unwrap();
        });
    }
    for (name, number) in [
        ("sync-partner-ids of 10", 10),
        ("sync-partner-ids of 100", 100),
        ("sync-partner-ids of 1,000", 1_000),
        ("sync-partner-ids of 4,000", 4_000),
    ] {
        let mappings = mappings(number);
        let keys: Vec<&str> = mappings.iter().map(|mapping| mapping.ec_id.as_str()).collect();
        add(name, &over(&keys, &stored(STANDARD_PARTNERS)), &|graph| {
            graph.sync_partner_ids("sync.example", &mappings, now).unwrap();
        });
    }
    costs
}

/// The standard row as another program may write it.
fn odd() -> Item {
    let row = stored(STANDARD_PARTNERS);
    let text = String::from_utf8(row.body).expect("a row is text");
    let text = text.replace(':', " : ").replace("sync", "s\\u0079nc");
    Item { body: text.into_bytes(), ..row }
}

/// A withdrawal before the visits.
fn tombstone() -> Item {
    let row = Entry::tombstone(MADE - 1).encode().expect("a tombstone is small");
    Item { body: row.body, metadata: Some(row.metadata), generation: 7 }
}

/// A store that holds the row under each of the keys.
fn over(keys: &[&str], item: &Item) -> MemoryStore {
    let store = MemoryStore::new();
    for key in keys {
        put(&store, key, item);
    }
    store
}

fn put(store: &MemoryStore, key: &str, item: &Item) {
    let metadata = item.metadata.as_deref().unwrap_or_default();
    let (body, time_to_live, condition) = (&item.body, 31_536_000, Precondition::None);
    store.put(Write { key, body, metadata, time_to_live, condition }).expect("it is in limits");
}

/// What an operation takes, without what it takes to make the instance and to open the graph. An
/// operation that does nothing stands for opening, and its number is that of both.
fn usage_of(store: Box<dyn Store<Error = KvError>>, run: &dyn Fn(&ComponentGraph)) -> Usage {
    let instance = Instance::metered([("rows", store)]);
    let graph = instance.open("rows").expect("the store is there");
    let before = instance.usage().expect("it is metered");
    run(&graph);
    let after = instance.usage().expect("it is metered");
    let fuel = if after.fuel == before.fuel { after.fuel } else { after.fuel - before.fuel };
    Usage { fuel, memory_bytes: after.memory_bytes }
}

/// The costs as a table in Markdown.
#[must_use]
pub fn table(costs: &[Cost]) -> String {
    let mut text = String::from("| operation | fuel | memory, KiB |\n|---|---:|---:|\n");
    for Cost { name, usage } in costs {
        let Usage { fuel, memory_bytes } = usage;
        let _ = writeln!(text, "| {name} | {fuel} | {} |", memory_bytes.div_ceil(1_024));
    }
    text
}

/// One sentence for each cost that is more than 2 % off what a [`table`] says, and for each operation
/// that only one of the two has.
#[must_use]
pub fn differences(table: &str, costs: &[Cost]) -> Vec<String> {
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        Some((*cells.get(1)?, cells.get(2)?.parse::<u64>().ok()?))
    });
    let mut known: BTreeMap<&str, u64> = rows.collect();
    let mut found = Vec::new();
    for Cost { name, usage: Usage { fuel, .. } } in costs {
        match known.remove(name) {
            None => found.push(format!("{name} is not in the table")),
            Some(known) if *fuel > known + known / 50 => {
                found.push(format!("{name} takes {fuel} where it took {known}"));
            }
            Some(known) if *fuel < known - known / 50 => {
                found.push(format!("{name} takes only {fuel} where it took {known}"));
            }
            Some(_) => {}
        }
    }
    found.extend(known.keys().map(|name| format!("{name} is in the table only")));
    found
}
