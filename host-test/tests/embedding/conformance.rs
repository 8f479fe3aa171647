use identity_graph_conformance::Fixture;

struct Maps(MapStore);

impl Fixture for Maps {
    fn store(&self) -> Box<dyn Store<Error = KvError> + '_> {
        Box::new(&self.0)
    }
}

identity_graph_conformance::conformance_tests!(Maps(MapStore::default()));
