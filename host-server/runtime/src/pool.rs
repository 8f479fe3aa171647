//! Instances of the component, one for each call in flight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_server_store::AsyncStore;
use identity_graph::{Failure, Policy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Trap;
use wasmtime::component::ResourceAny;

use crate::bindings::{self, GraphPre};
use crate::convert::Convert;
use crate::host::{Host, STORE};

/// Bytes of memory up to which an instance is kept: one that served a large batch gives its memory back.
const KEPT_MEMORY_BYTES: usize = 2 << 20;

/// The instances, and how many there may be.
pub(crate) struct Pool {
    component: GraphPre<Host>,
    calls: Arc<Semaphore>,
    max_idle: usize,
    idle: Mutex<Vec<Instance>>,
    traps: AtomicU64,
}

/// An instance with the graph that it has opened.
pub(crate) struct Instance {
    pub(crate) store: wasmtime::Store<Host>,
    pub(crate) bindings: bindings::Graph,
    pub(crate) graph: ResourceAny,
    /// Handles that are to be dropped before the next call.
    pub(crate) garbage: Vec<ResourceAny>,
    /// Whose graph it is.
    owner: u64,
}

/// What the instances of one graph have in common.
pub(crate) struct Owner {
    id: u64,
    store: Arc<dyn AsyncStore>,
    policy: Policy,
}

impl Owner {
    pub(crate) fn new(store: Arc<dyn AsyncStore>, policy: Policy) -> Self {
        static OWNERS: AtomicU64 = AtomicU64::new(0);
        Self { id: OWNERS.fetch_add(1, Ordering::Relaxed), store, policy }
    }
}

/// An instance on loan. It goes back when the loan ends between two calls. An instance whose call
/// trapped or was dropped half-way is dropped.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    /// Always there but in `drop`.
    instance: Option<Instance>,
    is_between_calls: bool,
    _call: OwnedSemaphorePermit,
}

impl Pool {
    pub(crate) fn new(component: GraphPre<Host>, max_calls: usize) -> Self {
        let calls = Arc::new(Semaphore::new(max_calls));
        let (idle, traps) = (Mutex::default(), AtomicU64::new(0));
        Self { component, calls, max_idle: max_calls, idle, traps }
    }

    pub(crate) fn traps(&self) -> u64 {
        self.traps.load(Ordering::Relaxed)
    }

    /// An instance for one call, as soon as there may be one.
    pub(crate) async fn lease(self: &Arc<Self>, owner: &Owner) -> Result<Lease, Failure> {
        let call = Arc::clone(&self.calls).acquire_owned().await;
        let call = call.map_err(|_| unavailable("the runtime is closed"))?;
        let mut lease =
            Lease { pool: Arc::clone(self), instance: None, is_between_calls: false, _call: call };
        let mut instance = match self.take_idle(owner.id) {
            Some(instance) => instance,
            None => lease.instantiate(owner).await?,
        };
        for resource in std::mem::take(&mut instance.garbage) {
            lease.answer(resource.resource_drop_async(&mut instance.store).await)?;
        }
        lease.instance = Some(instance);
        lease.is_between_calls = true;
        Ok(lease)
    }

    fn take_idle(&self, owner: u64) -> Option<Instance> {
        let mut idle = self.idle();
        // The one used last is the one whose memory is at hand.
        let index = idle.iter().rposition(|instance| instance.owner == owner)?;
        Some(idle.remove(index))
    }

    /// Each use leaves the list whole.
    fn idle(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(&self, instance: Instance) {
        if instance.store.data().memory.bytes > KEPT_MEMORY_BYTES {
            return;
        }
        let mut idle = self.idle();
        let dropped = (idle.len() >= self.max_idle).then(|| idle.remove(0));
        idle.push(instance);
        drop(idle);
        // Outside the lock, since it takes a while.
        drop(dropped);
    }
}

impl Lease {
    /// A new instance.
    async fn instantiate(&mut self, owner: &Owner) -> Result<Instance, Failure> {
        let component = &self.pool.component;
        let mut store =
            wasmtime::Store::new(component.engine(), Host::new(Arc::clone(&owner.store)));
        store.limiter(|host| &mut host.memory);
        let bindings = component.instantiate_async(&mut store).await;
        let bindings = bindings.map_err(|_| {
            unavailable(
                "no instance of the component can be made on this machine now; nothing was written",
            )
        })?;
        let interface = bindings.trusted_server_ec_identity_graph().graph();
        let opened = interface.call_open_with(&mut store, STORE, owner.policy.convert()).await;
        let graph = self.answer(opened)?.map_err(Convert::convert)?;
        Ok(Instance { store, bindings, graph, garbage: Vec::new(), owner: owner.id })
    }

    /// The instance, for one call, whose result [`answer`](Self::answer) takes.
    pub(crate) fn enter(&mut self) -> Result<&mut Instance, Failure> {
        if !std::mem::take(&mut self.is_between_calls) {
            return Err(unavailable("an earlier call of this snapshot ended its instance"));
        }
        self.instance.as_mut().ok_or_else(|| unavailable("the instance is gone"))
    }

    /// What a call answered; a trap is counted, and no more calls are let in.
    pub(crate) fn answer<T>(&mut self, called: wasmtime::Result<T>) -> Result<T, Failure> {
        match called {
            Ok(answer) => {
                self.is_between_calls = true;
                Ok(answer)
            }
            Err(error) => {
                self.pool.traps.fetch_add(1, Ordering::Relaxed);
                Err(trapped(&error))
            }
        }
    }

    /// Has a handle dropped before the next call of the instance.
    pub(crate) fn discard(&mut self, resource: ResourceAny) {
        if let Some(instance) = &mut self.instance {
            instance.garbage.push(resource);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(instance), true) = (self.instance.take(), self.is_between_calls) {
            self.pool.put_back(instance);
        }
    }
}

/// The words of a trap are the engine's own; others are not passed on, since they may hold what the
/// component was given.
fn trapped(error: &wasmtime::Error) -> Failure {
    let how = error.downcast_ref::<Trap>().map_or("no trap".to_owned(), ToString::to_string);
    Failure::Unavailable(format!(
        "the component trapped ({how}) and its instance was dropped; a write of this call may have been applied"
    ))
}

fn unavailable(why: &str) -> Failure {
    Failure::Unavailable(why.to_owned())
}
