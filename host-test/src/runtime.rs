//! The component under wasmtime.

mod bindings;
#[path = "../../component/binary/convert.rs"]
mod convert;
mod graph;
mod host;
mod instance;

pub use graph::{ComponentGraph, ComponentSnapshot};
pub use identity_graph_binary::COMPONENT;
pub use instance::{Instance, Usage};

#[cfg(test)]
mod tests {
    use identity_graph::{
        EntrySnapshot, IdentityGraph, IfMissing, NewEntry, PartnerUid, TouchOutcome, UpsertOutcome,
    };

    use identity_graph::{Failure, KvError, Policy, Store};

    use super::*;
    use crate::memory::MemoryStore;

    fn instance(stores: &[(&'static str, &MemoryStore)]) -> Instance {
        let boxed = |(name, store): &(&'static str, &MemoryStore)| {
            (*name, Box::new(MemoryStore::clone(store)) as Box<dyn Store<Error = KvError>>)
        };
        Instance::new(stores.iter().map(boxed))
    }

    fn ec_id() -> String {
        "0".repeat(64)
    }

    #[test]
    fn a_name_that_no_store_has_is_not_opened() {
        let opened = instance(&[("one", &MemoryStore::new())]).open("two");
        assert_eq!(opened.err(), Some(Failure::NoSuchStore));
    }

    #[test]
    fn a_policy_out_of_range_is_refused_in_the_words_of_the_rules() {
        let policy = Policy { max_cas_attempts: 0, ..Policy::default() };
        let opened = instance(&[("one", &MemoryStore::new())]).open_with("one", policy);
        let rule = policy.validate().unwrap_err().to_string();
        assert_eq!(opened.err(), Some(Failure::InvalidArgument(rule)));
    }

    #[test]
    fn the_default_policy_is_that_of_the_rules() {
        assert_eq!(instance(&[]).default_policy(), Policy::default());
    }

    #[test]
    fn the_policy_of_trusted_server_is_that_of_the_rules() {
        assert_eq!(instance(&[]).trusted_server_policy(), Policy::trusted_server());
    }

    #[test]
    fn one_instance_keeps_graphs_over_several_stores_apart() {
        let (one, two) = (MemoryStore::new(), MemoryStore::new());
        let instance = instance(&[("one", &one), ("two", &two)]);
        let (first, second) = (instance.open("one").unwrap(), instance.open("two").unwrap());
        first.create(&ec_id(), NewEntry::at(1)).unwrap();
        assert!(second.get(&ec_id(), 1).unwrap().is_none());
        assert_eq!((one.len(), two.len()), (1, 0));
    }

    #[test]
    fn a_snapshot_outlives_its_graph() {
        let store = MemoryStore::new();
        let graph = instance(&[("one", &store)]).open("one").unwrap();
        graph.create(&ec_id(), NewEntry::at(1)).unwrap();
        let mut snapshot = graph.snapshot(&ec_id(), 1).unwrap().unwrap();
        drop(graph);
        let id = PartnerUid::new("p.example", "u");
        assert_eq!(snapshot.upsert_partner_ids(vec![id], 2), Ok(vec![UpsertOutcome::Written]));
        assert_eq!(snapshot.update_last_seen(1_000), Ok(TouchOutcome::Written));
    }

    #[test]
    fn instances_come_and_go_without_number() {
        let store = MemoryStore::new();
        for now in 0..3_000 {
            let graph = instance(&[("one", &store)]).open("one").unwrap();
            let id = PartnerUid::new(format!("p{}", now % 5), "u");
            graph.upsert_partner_id(&ec_id(), id, IfMissing::CreateMinimal, now).unwrap();
        }
        let graph = instance(&[("one", &store)]).open("one").unwrap();
        assert_eq!(graph.get(&ec_id(), 3_000).unwrap().unwrap().entry().ids.len(), 5);
    }
}
