//! What is said.

use e2e::{Town, in_every_town};

use super::plays;

in_every_town! {
    async fn talking(town: &Town) {
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            alice> hello?
            alice< 400 no-current-target :<text>
            alice> /me waves
            alice< 400 no-current-target :<text>
            alice> /to #general
            alice< 404 no-such-channel #general :<text>
            alice> /to nobody
            alice< 404 no-such-nick nobody :<text>
            alice> /msg #general hello
            alice< 404 no-such-channel #general :<text>
            alice> /msg nobody hello
            alice< 404 no-such-nick nobody :<text>
            alice> /msg #general
            alice< 400 missing-parameter text :<text>
            alice> /join #general
            alice< 200 joined #general 1 0
            bob> /nick bob
            bob< 200 nick bob
            bob> /msg #general from outside
            bob< 403 not-a-member #general :<text>
            bob> /to #general
            bob< 403 not-a-member #general :<text>
            bob> /history #general
            bob< 403 not-a-member #general :<text>
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            alice>   spaces   stay  
            alice< 201 sent #general 1 <id>
            bob< 100 msg #general 1 <time> alice :  spaces   stay  
            alice> //shrug
            alice< 201 sent #general 2 <id>
            bob< 100 msg #general 2 <time> alice :/shrug
            alice> /say /shrug
            alice< 201 sent #general 3 <id>
            bob< 100 msg #general 3 <time> alice :/shrug
            alice> /me waves
            alice< 201 sent #general 4 <id>
            bob< 100 action #general 4 <time> alice :waves
            alice> /notice #general the build is green
            alice< 201 sent #general 5 <id>
            bob< 100 notice #general 5 <time> alice :the build is green
            alice> @bob hi
            alice< 201 sent #general 6 <id>
            bob< 100 msg #general 6 <time> alice :@bob hi
            alice> @id=x /msg #general labelled
            alice< @id=x 201 sent #general 7 <id>
            bob< 100 msg #general 7 <time> alice :labelled
            alice> a \u{41} and an e\u{301}
            alice< 201 sent #general 8 <id>
            bob< 100 msg #general 8 <time> alice :a \u{5c}u{41} and an e\u{5c}u{301}
            bob> /history after=6
            bob< 200-msg #general 7 <time> msg alice :labelled
            bob< 200-msg #general 8 <time> msg alice :a \u{5c}u{41} and an e\u{5c}u{301}
            bob< 200 history #general 2
            bob> /history before=3
            bob< 200-msg #general 1 <time> msg alice :  spaces   stay  
            bob< 200-msg #general 2 <time> msg alice :/shrug
            bob< 200 history #general 2
            bob> /history #general 1
            bob< 200-msg #general 8 <time> msg alice :a \u{5c}u{41} and an e\u{5c}u{301}
            bob< 200 history #general 1
            bob> /history 0
            bob< 422 invalid-parameter count :<text>
            bob> /history 1001
            bob< 422 invalid-parameter count :<text>
            bob> /history #nowhere
            bob< 404 no-such-channel #nowhere :<text>
            alice> /redact #general 4
            alice< 200 redacted #general 4
            bob< 100 redact #general 9 <time> alice 4
            bob> /redact #general 5
            bob< 403 not-an-operator #general :<text>
            bob> /redact #general 99
            bob< 404 no-such-message #general 99 :<text>
            bob> /redact #general
            bob< 400 missing-parameter seq :<text>
            bob> /redact #general x
            bob< 422 invalid-parameter seq :<text>
            bob> /history after=3
            bob< 200-msg #general 4 <time> redacted alice :
            bob< 200-msg #general 5 <time> notice alice :the build is green
            bob< 200-msg #general 6 <time> msg alice :@bob hi
            bob< 200-msg #general 7 <time> msg alice :labelled
            bob< 200-msg #general 8 <time> msg alice :a \u{5c}u{41} and an e\u{5c}u{301}
            bob< 200 history #general 5
            alice> /to bob
            alice< 200 to bob
            alice> psst
            alice< 201 sent bob 1 <id>
            bob< 100 msg bob 1 <time> alice :psst
            bob> /notice alice busy
            bob< 201 sent alice 2 <id>
            alice< 100 notice alice 2 <time> bob :busy
            bob> /history alice
            bob< 200-msg alice 1 <time> msg alice :psst
            bob< 200-msg alice 2 <time> notice bob :busy
            bob< 200 history alice 2
        ").await;
    }

    async fn resuming_several_at_once(town: &Town) {
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            alice> /join #other
            alice< 200 joined #other 1 0
            alice> zero
            alice< 201 sent #other 1 <id>
            alice> /join #general
            alice< 200 joined #general 1 0
            alice> one
            alice< 201 sent #general 1 <id>
            alice> two
            alice< 201 sent #general 2 <id>
            alice> /mode #general +b
            alice< 422 invalid-mode * :<text>
            bob> /nick bob
            bob< 200 nick bob
            bob> /resume #other=0 #no,where=3 #general=1
            bob< 100 msg #other 1 <time> alice :zero
            bob< 200-resumed #other 1
            bob< 422-invalid-channel-name #no,where :<text>
            bob< 100 msg #general 2 <time> alice :two
            bob< 200 resumed #general 2
            alice< 100 join #other bob
            alice< 100 join #general bob
            bob> in general
            bob< 201 sent #general 3 <id>
            alice< 100 msg #general 3 <time> bob :in general
            bob> /resume
            bob< 400 missing-parameter * :<text>
            bob> /resume #general
            bob< 422 invalid-parameter * :<text>
            bob> /resume #general=x
            bob< 422 invalid-parameter * :<text>
        ").await;
    }
}
