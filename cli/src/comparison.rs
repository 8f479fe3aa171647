//! Page loads with one strategy against those with another, in numbers.

use identity_graph_simulator::storm::{Limit, Load, Strategy};

use crate::text::ratio;

/// The loads of all seeds over one kind of store.
pub(crate) struct Comparison {
    pub(crate) limit: Limit,
    pub(crate) strategies: Vec<Sums>,
}

/// The loads of all seeds in one strategy.
pub(crate) struct Sums {
    pub(crate) strategy: Strategy,
    pub(crate) loads: u64,
    pub(crate) total: Load,
    pub(crate) least: Load,
    pub(crate) most: Load,
}

impl Comparison {
    /// What the store does, in words.
    pub(crate) fn title(&self) -> &'static str {
        match self.limit {
            Limit::OnePerSecond => "A store that takes one write a second of a key (429 otherwise)",
            Limit::None => {
                "A store that takes any number of writes and only judges their condition"
            }
        }
    }
}

/// One of the numbers of a load, with its name.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Load) -> u64,
    /// Whether more of it is better.
    pub(crate) is_good: bool,
}

pub(crate) const FIGURES: [Figure; 8] = [
    Figure { name: "reads", of: |load| load.reads, is_good: false },
    Figure { name: "writes tried", of: |load| load.writes, is_good: false },
    Figure { name: "  refused for their rate (429)", of: |load| load.throttled, is_good: false },
    Figure { name: "  refused by their condition", of: |load| load.refused, is_good: false },
    Figure { name: "  that could not have succeeded", of: |load| load.wasted, is_good: false },
    Figure { name: "conflicts and 429s reported", of: |load| load.reported, is_good: false },
    Figure { name: "UIDs stored after the load", of: |load| load.stored, is_good: true },
    Figure { name: "UIDs stored after the next view", of: |load| load.stored_next, is_good: true },
];

impl Sums {
    /// The mean of a figure, to two digits.
    pub(crate) fn mean(&self, figure: &Figure) -> String {
        ratio((figure.of)(&self.total), self.loads)
    }

    /// The worst of a figure: the least where more is better, else the most.
    pub(crate) fn worst(&self, figure: &Figure) -> u64 {
        (figure.of)(if figure.is_good { &self.least } else { &self.most })
    }

    /// The sum of a figure.
    pub(crate) fn total(&self, figure: &Figure) -> u64 {
        (figure.of)(&self.total)
    }
}
