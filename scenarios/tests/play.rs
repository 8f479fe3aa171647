//! The native rules and the component under wasmtime play every scenario.

use std::rc::Rc;

#[cfg(feature = "component")]
use identity_graph_scenarios::Component;
use identity_graph_scenarios::{Host, Native, play, subjects};

use identity_graph::{KvError, Store};

fn plays_all(host: impl Fn(Rc<dyn Store<Error = KvError>>) -> Box<dyn Host>) {
    let mut disagreements = Vec::new();
    for subject in subjects().unwrap_or_else(|error| panic!("{error}")) {
        for scenario in &subject.scenarios {
            let why = play(scenario, &host).err();
            disagreements.extend(why.map(|why| format!("{}: {why}", subject.name)));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

#[test]
fn the_native_rules_play_every_scenario() {
    plays_all(|store| Box::new(Native(store)));
}

#[cfg(feature = "component")]
#[test]
fn the_component_plays_every_scenario() {
    plays_all(|store| Box::new(Component(store)));
}
