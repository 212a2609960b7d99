//! The line protocol word for word: every command of docs/line-protocol.md, what it answers, what others then see, and what it
//! answers when it cannot. Notation: that page's last section, and `*` for anything.

mod words {
    mod channels;
    mod messages;
    mod people;

    use e2e::{Script, Town};

    /// Plays it in a town where others are.
    async fn plays(town: &Town, text: &str) {
        let names = ["alice", "bob", "carol", "#general", "#other", "#nowhere", "nobody"];
        Script::new(text).with_fresh(&names).play(town).await;
    }
}
