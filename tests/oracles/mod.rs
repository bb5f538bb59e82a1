//! What must hold for any input, said a second time in the plainest way. The property tests and the fuzz targets
//! share it.

pub mod confinement;
pub mod fields;
pub mod patterns;
mod percent;
