//! The operations of the graph without a store. They stand in `crate::ops`.

use crate::error::InvalidArgument;
use crate::policy::Policy;

/// The operations of the graph under one policy, without a store: each method checks its arguments and
/// gives an [`Operation`](crate::Operation) to be driven. What an operation does and costs, the method
/// of the same name of [`Graph`](crate::Graph) says.
///
/// A [`Graph`](crate::Graph) over a store that answers at once is simpler. This is for stores that are
/// awaited.
///
/// ```
/// use identity_graph::{Call, NewEntry, Policy, Rules};
///
/// let rules = Rules::new(Policy::default())?;
/// let operation = rules.visit(&"3f".repeat(32), NewEntry::at(1_790_000_000))?;
/// assert!(matches!(operation.call(), Some(Call::Get(_))));
/// # Ok::<(), identity_graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    policy: Policy,
}

impl Rules {
    /// The operations under a policy.
    ///
    /// # Errors
    /// [`InvalidArgument::Policy`] when a value of the policy is out of its range.
    pub fn new(policy: Policy) -> Result<Self, InvalidArgument> {
        policy.validate()?;
        Ok(Self { policy })
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }
}
