//! Who asks: people's access tokens and services' own tokens, verified here without asking anybody for each request.

mod caller;
mod jwks;
mod revocation;
mod signer;
mod verifier;

pub use self::{
    caller::{Caller, FromGateway, FromService, MaybePerson, act_as},
    jwks::{Jwk, Jwks, KeySource, LocalKeys},
    signer::Signer,
    verifier::{Verified, Verifier},
};
