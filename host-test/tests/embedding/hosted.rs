use std::collections::HashMap;

use wasmtime::component::{Component, HasSelf, Linker, Resource};
use wasmtime::{Engine, Result};

wasmtime::component::bindgen!({ path: "../wit", world: "graph" });

use exports::trusted_server::ec::identity_graph::{NewEntry, VisitOutcome};
use trusted_server::ec::kv_cas::{
    self, HostStore, Item, ItemHead, KvError, Precondition, Write, WriteOutcome,
};

/// Rows in a map. The component calls one method at a time, which orders the writes.
#[derive(Default)]
struct Host {
    rows: HashMap<String, Item>,
    generation: u64,
}

impl kv_cas::Host for Host {}

impl HostStore for Host {
    fn open(&mut self, _name: String) -> Result<Resource<kv_cas::Store>, KvError> {
        Ok(Resource::new_own(0)) // There is one store, so that the handle says nothing.
    }

    fn get(&mut self, _: Resource<kv_cas::Store>, key: String) -> Result<Option<Item>, KvError> {
        Ok(self.rows.get(&key).cloned())
    }

    fn head(
        &mut self,
        store: Resource<kv_cas::Store>,
        key: String,
    ) -> Result<Option<ItemHead>, KvError> {
        let head = |Item { metadata, generation, .. }| ItemHead { metadata, generation };
        Ok(self.get(store, key)?.map(head))
    }

    fn put(&mut self, _: Resource<kv_cas::Store>, write: Write) -> Result<WriteOutcome, KvError> {
        let current = self.rows.get(&write.key);
        let holds = match write.condition {
            Precondition::None => true,
            Precondition::Absent => current.is_none(),
            Precondition::Matches(wanted) => current.is_some_and(|item| item.generation == wanted),
        };
        if !holds {
            return Ok(WriteOutcome::Conflict(current.cloned()));
        }
        self.generation += 1;
        let Write { key, body, metadata, .. } = write;
        let (metadata, generation) = (Some(metadata), self.generation);
        self.rows.insert(key, Item { body, metadata, generation });
        Ok(WriteOutcome::Stored)
    }

    fn delete(&mut self, _: Resource<kv_cas::Store>, key: String) -> Result<bool, KvError> {
        Ok(self.rows.remove(&key).is_some())
    }

    fn count(
        &mut self,
        _: Resource<kv_cas::Store>,
        prefix: String,
        limit: u32,
    ) -> Result<u32, KvError> {
        let count = self.rows.keys().filter(|key| key.starts_with(&prefix)).count();
        Ok(u32::try_from(count).map_or(limit, |count| count.min(limit)))
    }

    fn get_many(
        &mut self,
        _: Resource<kv_cas::Store>,
        keys: Vec<String>,
    ) -> Vec<Result<Option<Item>, KvError>> {
        keys.iter().map(|key| Ok(self.rows.get(key).cloned())).collect()
    }

    fn put_many(
        &mut self,
        _: Resource<kv_cas::Store>,
        writes: Vec<Write>,
    ) -> Vec<Result<WriteOutcome, KvError>> {
        writes.into_iter().map(|write| self.put(Resource::new_own(0), write)).collect()
    }

    fn drop(&mut self, _: Resource<kv_cas::Store>) -> Result<()> {
        Ok(())
    }
}

/// Opens the graph of this component and lets one browser visit twice.
fn visits(component: &str) -> Result<[VisitOutcome; 2]> {
    let engine = Engine::default();
    let component = Component::from_file(&engine, component)?;
    let mut linker = Linker::new(&engine);
    Graph::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    let mut store = wasmtime::Store::new(&engine, Host::default());
    let instance = Graph::instantiate(&mut store, &component, &linker)?;

    let interface = instance.trusted_server_ec_identity_graph();
    let graph = interface.graph().call_open(&mut store, "rows")??;
    let mut visit = || -> Result<VisitOutcome> {
        let entry = NewEntry {
            now: 1_790_000_000,
            domain: Some("news.example".to_owned()),
            tcf: None,
            gpp: None,
            gpp_sid: None,
            geo: None,
            device: None,
            ids: vec![],
        };
        Ok(interface.graph().call_visit(&mut store, graph, &"3f".repeat(32), &entry)??.outcome)
    };
    Ok([visit()?, visit()?])
}

fn main() -> Result<()> {
    println!("{:?}", visits("identity-graph-0.2.0.wasm")?); // Created, then Unchanged
    Ok(())
}
