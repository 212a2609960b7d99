//! Where `/resume` begins when the cursor is none of a seq that can be read.

mod town;

use self::town::Town;

#[tokio::test]
async fn who_resumes_below_all_that_can_be_read_is_answered() {
    let town = Town::new().await;
    let mut alice = town.person("alice").await;
    alice.asks("/join #fl", "200 joined #fl 1 0").await;
    alice.asks("x", "201 sent #fl 1 ").await;
    alice.asks("y", "201 sent #fl 2 ").await;
    // It was closed once: what was said in it is not for those who find it empty.
    alice.asks("/mode +k q", "200 mode #fl ").await;
    alice.asks("/mode -k", "200 mode #fl ").await;
    alice.asks("/part", "200 parted #fl").await;
    let mut bob = town.person("bob").await;
    bob.asks("/resume #fl=0", "200 resumed #fl 2").await;
    alice.asks("/join #fl", "200 joined #fl 2 2").await;
    alice.asks("z", "201 sent #fl 3 ").await;
    bob.sees("100 msg #fl 3 ").await;
    assert!(!bob.has_seen("100 msg"));
}

#[tokio::test]
async fn a_cursor_beyond_the_end_is_the_end() {
    let town = Town::new().await;
    let (mut alice, mut bob) = (town.person("alice").await, town.person("bob").await);
    alice.asks("/join #fut", "200 joined #fut 1 0").await;
    alice.asks("one", "201 sent #fut 1 ").await;
    alice.asks("/msg bob one", "201 sent bob 1 ").await;
    bob.sees("100 msg bob 1 ").await;
    bob.asks("/resume #fut=50 alice=50", "200-resumed #fut 1").await;
    bob.sees_next("200 resumed alice 1").await;
    alice.asks("two", "201 sent #fut 2 ").await;
    bob.sees("100 msg #fut 2 ").await;
    alice.asks("/msg bob two", "201 sent bob 2 ").await;
    bob.sees("100 msg bob 2 ").await;
    // Nothing was ever said here, nor to her.
    bob.asks("/resume #new=9 bob=9", "200-resumed #new 0").await;
    bob.sees_next("200 resumed bob 0").await;
    bob.asks("/msg bob note", "201 sent bob 1 ").await;
}
