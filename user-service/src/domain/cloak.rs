//! What others see of an address: a keyed hash of its network, so that a ban holds and nobody learns where people live.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use kit::address::network;
use sha2::Sha256;

/// `<8 hexadecimal digits>.cloak`
pub(crate) fn cloak(key: &[u8], address: IpAddr) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(network(address).to_string().as_bytes());
    let hash = mac.finalize().into_bytes();
    let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}.cloak")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_one_cloak_for_each_key() {
        let of = |address: &str| cloak(b"key", address.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(cloak(b"other", "192.0.2.1".parse().unwrap()), of("192.0.2.1"));
        assert_eq!(of("192.0.2.1").len(), api::auth::HOST_BYTES);
    }
}
