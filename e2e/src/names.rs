use rand::RngExt;

/// `alice` as nobody else in this town is called: stories that share one must not meet.
pub fn fresh(name: &str) -> String {
    let mut rng = rand::rng();
    let suffix: String = (0..6).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect();
    format!("{name}-{suffix}")
}

/// A channel of the story's own.
pub fn fresh_channel(name: &str) -> String {
    format!("#{}", fresh(name))
}
