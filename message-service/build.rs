//! Migrations are embedded: a new one must make a new binary.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
