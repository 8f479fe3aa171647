//! Which operations meet on which row.

use super::operations::OperationKind;
use super::start::{Overwrite, Start};

/// Some operations, and perhaps another program, on one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    /// What the key holds at the start.
    pub start: Start,
    /// The operations. The same kind with the same number is the same request, sent again.
    pub operations: Vec<(OperationKind, u8)>,
    /// What another program writes.
    pub overwrite: Option<Overwrite>,
}

impl Combination {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { start, operations, overwrite } = self;
        let operation = |at: usize| {
            let (kind, _) = operations[at];
            let is_again = operations[..at].contains(&operations[at]);
            if is_again { format!("the same {}", kind.name()) } else { kind.name().to_owned() }
        };
        let names: Vec<_> = (0..operations.len())
            .map(operation)
            .chain(overwrite.map(|by| by.name().to_owned()))
            .collect();
        format!("{} on a row that is {}", names.join(", "), start.name())
    }

    /// How many calls may go wrong in one schedule.
    pub(super) fn faults(&self) -> u8 {
        if self.operations.len() > 2 { 1 } else { 2 }
    }
}

/// All combinations of so many operations, or of one less and another program: each once.
#[must_use]
pub fn combinations(of: usize) -> Vec<Combination> {
    let mut actors: Vec<_> = operations(of).into_iter().map(|all| (all, None)).collect();
    if let Some(fewer) = of.checked_sub(1).filter(|fewer| *fewer > 0) {
        // A row of full size in every answer is dear. What it can make happen takes one operation.
        let overwrites = if fewer > 1 {
            &[Overwrite::Corrupt][..]
        } else {
            &[Overwrite::Corrupt, Overwrite::Full]
        };
        for all in operations(fewer) {
            actors.extend(overwrites.iter().map(|by| (all.clone(), Some(*by))));
        }
    }
    let on = |start: Start| {
        let on = move |(operations, overwrite)| Combination { start, operations, overwrite };
        actors.clone().into_iter().map(on)
    };
    Start::ALL.into_iter().flat_map(on).collect()
}

/// All choices of so many operations, whatever their order.
fn operations(of: usize) -> Vec<Vec<(OperationKind, u8)>> {
    let mut choices: Vec<Vec<(OperationKind, u8)>> = vec![Vec::new()];
    for _ in 0..of {
        let longer = |shorter: &Vec<(OperationKind, u8)>| {
            let next = OperationKind::ALL
                .into_iter()
                .flat_map(|kind| numbers(kind, shorter).map(move |number| (kind, number)))
                .filter(|next| shorter.last().is_none_or(|last| next >= last));
            next.map(|next| [shorter.as_slice(), &[next]].concat()).collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    choices
}

/// The numbers that the next of a kind may have: those of others that write the same rows, and one
/// that is new.
fn numbers(kind: OperationKind, others: &[(OperationKind, u8)]) -> std::ops::RangeInclusive<u8> {
    let alike = others.iter().filter(|(other, _)| kind.writes_as(*other));
    let new = alike.map(|(_, number)| number + 1).max().unwrap_or_default();
    0..=if kind.is_always_same() { 0 } else { new }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_meets_itself_and_one_that_differs() {
        let pairs = operations(2);
        for kind in OperationKind::ALL {
            assert!(pairs.contains(&vec![(kind, 0), (kind, 0)]), "{kind:?}");
            let differs = pairs.contains(&vec![(kind, 0), (kind, 1)]);
            assert_eq!(differs, !kind.is_always_same(), "{kind:?}");
        }
    }

    #[test]
    fn no_choice_stands_twice() {
        let mut triples = operations(3);
        let all = triples.len();
        triples.sort();
        triples.dedup();
        assert_eq!(triples.len(), all);
        assert!(triples.iter().all(|choice| choice.is_sorted()));
    }
}
