fn main() {
    // Migrations are embedded: a new one must be compiled in.
    println!("cargo:rerun-if-changed=migrations");
}
