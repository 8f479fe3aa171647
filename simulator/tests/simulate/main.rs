//! Workers of the component against each other: every schedule of two operations, scenarios of a
//! bounded set of seeds, the storm of a page load, and proof that what breaks a rule is caught.

mod acknowledged;
mod bites;
mod every_pair;
mod seeds;
mod storm;
