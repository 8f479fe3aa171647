//! The native rules play every scenario.

use identity_graph_scenarios::{Native, play, subjects};

#[test]
fn the_native_rules_play_every_scenario() {
    let mut disagreements = Vec::new();
    for subject in subjects().unwrap_or_else(|error| panic!("{error}")) {
        for scenario in &subject.scenarios {
            let played = play(scenario, |store| Box::new(Native(store)));
            disagreements.extend(played.err().map(|why| format!("{}: {why}", subject.name)));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}
