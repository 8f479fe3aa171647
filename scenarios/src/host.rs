//! Who carries the operations out.

use identity_graph::{Failure, Graph, IdentityGraph, KvError, Policy, Store};

/// A host of the graph with its store.
pub trait Host {
    /// Opens a graph over the store, with the default policy where none is given.
    ///
    /// # Errors
    /// As `graph.open` and `graph.open-with` of the WIT.
    fn open(&self, policy: Option<Policy>) -> Result<Box<dyn IdentityGraph + '_>, Failure>;
    /// The policy of graphs that are opened without one.
    fn default_policy(&self) -> Policy;
    /// The policy of trusted-server's edge application.
    fn trusted_server_policy(&self) -> Policy;
}

/// The rules, linked into this program.
#[derive(Debug, Clone)]
pub struct Native<S>(pub S);

impl<S: Store<Error = KvError>> Host for Native<S> {
    fn open(&self, policy: Option<Policy>) -> Result<Box<dyn IdentityGraph + '_>, Failure> {
        let graph = Graph::new(&self.0, policy.unwrap_or_default());
        let graph = graph.map_err(|rule| Failure::InvalidArgument(rule.to_string()))?;
        Ok(Box::new(graph))
    }

    fn default_policy(&self) -> Policy {
        Policy::default()
    }

    fn trusted_server_policy(&self) -> Policy {
        Policy::trusted_server()
    }
}

/// The component under wasmtime, a new instance for each graph.
#[cfg(feature = "component")]
#[derive(Debug, Clone)]
pub struct Component<S>(pub S);

#[cfg(feature = "component")]
impl<S: Store<Error = KvError> + Clone + 'static> Host for Component<S> {
    fn open(&self, policy: Option<Policy>) -> Result<Box<dyn IdentityGraph + '_>, Failure> {
        const STORE: &str = "scenario";
        let store = Box::new(self.0.clone()) as Box<dyn Store<Error = KvError>>;
        let instance = host_test::Instance::new([(STORE, store)]);
        let graph = match policy {
            Some(policy) => instance.open_with(STORE, policy)?,
            None => instance.open(STORE)?,
        };
        Ok(Box::new(graph))
    }

    fn default_policy(&self) -> Policy {
        host_test::Instance::new([]).default_policy()
    }

    fn trusted_server_policy(&self) -> Policy {
        host_test::Instance::new([]).trusted_server_policy()
    }
}
