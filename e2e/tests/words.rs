//! The line protocol word for word: every command of docs/line-protocol.md, what it answers, what others then see, and what it
//! answers when it cannot. Notation: that page's last section, and `*` for anything.

use e2e::{Script, Town, in_every_town};

async fn plays(town: &Town, text: &str) {
    let names = ["alice", "bob", "carol", "#general", "#other", "#nowhere", "nobody"];
    Script::new(text).with_fresh(&names).play(town).await;
}

in_every_town! {
    async fn before_there_is_a_nick(town: &Town) {
        plays(town, r"
            alice> /hello causerie/1
            alice< 200 hello causerie/1
            alice> /hello causerie/2
            alice< 505 unsupported-version causerie/1 :<text>
            alice> /hello
            alice< 400 missing-parameter * :<text>
            alice> /ping
            alice< 200 pong :
            alice> /ping  two  words
            alice< 200 pong : two  words
            alice> /PING loud
            alice< 200 pong :loud
            alice> /join #general
            alice< 401 not-registered :<text>
            alice> hello?
            alice< 401 not-registered :<text>
            alice> /whoami
            alice< 401 not-registered :<text>
            alice> /dance
            alice< 404 unknown-command /dance :<text>
            alice> @id=1 /dance
            alice< @id=1 404 unknown-command /dance :<text>
            alice> @id=1;id=2 /ping
            alice< * 400 bad-request id :<text>
            alice> @key=short /ping
            alice< 422 invalid-parameter key :<text>
            alice> /nick
            alice< 400 missing-parameter nick :<text>
            alice> /nick 4you
            alice< 422 invalid-nick 4you :<text>
            alice> /nick me
            alice< 422 invalid-nick me :<text>
            alice> /nick a,b
            alice< 422 invalid-nick a,b :<text>
            alice> /nick alice
            alice< 200 nick alice
            alice> /quit see you
            alice< 200 bye
        ").await;
    }

    async fn accounts(town: &Town) {
        plays(town, r"
            alice> /register alice
            alice< 400 missing-parameter password :<text>
            alice> /register alice short
            alice< 422 weak-password :<text>
            alice> /register 1alice correct horse battery
            alice< 422 invalid-nick 1alice :<text>
            alice> /register alice correct horse battery
            alice< 201 registered alice
            alice> /register alice another horse battery
            alice< 409 account-exists alice :<text>
            alice> /login alice wrong horse battery
            alice< 401 bad-credentials :<text>
            alice> /login nobody wrong horse battery
            alice< 401 bad-credentials :<text>
            alice> /login token nonsense
            alice< 401 bad-credentials :<text>
            alice> /login alice correct horse battery
            alice< 200 login alice
            alice> /login alice correct horse battery
            alice< 409 already-logged-in alice :<text>
            alice> /whoami
            alice< 200 whoami alice alice <gateway>
            alice> /token
            alice< 201 token <token>
            alice> /token my script
            alice< 201 token <token>
            bob> /nick alice
            bob< 409 nick-in-use alice :<text>
            bob> /nick bob
            bob< 200 nick bob
            bob> /token my script
            bob< 403 forbidden :<text>
            bob> /token
            bob< 201 token <token>
            bob> /whois alice
            bob< 200 whois alice alice online :
            bob> /whois bob
            bob< 200 whois bob - online :
            alice> /away out for lunch
            alice< 200 away
            bob> /whois alice
            bob< 200 whois alice alice away :out for lunch
            alice> /away
            alice< 200 back
            bob> /whois alice
            bob< 200 whois alice alice online :
            bob> /whois nobody
            bob< 404 no-such-nick nobody :<text>
            bob> /whois
            bob< 400 missing-parameter nick :<text>
        ").await;
    }

    async fn coming_and_going(town: &Town) {
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            alice> /part
            alice< 400 no-current-target :<text>
            alice> /part #general
            alice< 404 no-such-channel #general :<text>
            alice> /join
            alice< 400 missing-parameter channel :<text>
            alice> /join general
            alice< 422 invalid-channel-name general :<text>
            alice> /join #a,b
            alice< 422 invalid-channel-name #a,b :<text>
            alice> /join #general
            alice< 200 joined #general 1 0
            alice> /join #general
            alice< 200 joined #general 1 0
            bob> /nick bob
            bob< 200 nick bob
            bob> /part #general
            bob< 403 not-a-member #general :<text>
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            bob> /names
            bob< 200-name alice op
            bob< 200-name bob member
            bob< 200 names #general 2
            bob> /names #nowhere
            bob< 404 no-such-channel #nowhere :<text>
            bob> /nick carol
            bob< 200 nick carol
            alice< 100 nick bob carol
            bob> /part #general off to lunch
            bob< 200 parted #general
            alice< 100 part #general carol :off to lunch
            bob> /part #general
            bob< 403 not-a-member #general :<text>
            bob> /names #general
            bob< 403 not-a-member #general :<text>
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general carol
            bob> /part
            bob< 200 parted #general
            alice< 100 part #general carol :
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general carol
            bob> /quit good night
            bob< 200 bye
            alice< 100 quit carol :good night
            alice> /list *nowhere*
            alice< 200 list 0
            alice> /list #general
            alice< 200-channel #general 1 :
            alice< 200 list 1
        ").await;
    }

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

    async fn running_a_channel(town: &Town) {
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            bob> /nick bob
            bob< 200 nick bob
            alice> /join #general
            alice< 200 joined #general 1 0
            bob> /kick #general alice
            bob< 403 not-a-member #general :<text>
            alice> /kick #general bob
            alice< 404 not-in-channel #general bob :<text>
            alice> /kick #general nobody
            alice< 404 no-such-nick nobody :<text>
            alice> /kick #nowhere bob
            alice< 404 no-such-channel #nowhere :<text>
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            bob> /kick #general alice
            bob< 403 not-an-operator #general :<text>
            alice> /topic
            alice< 200 topic #general :
            alice> /topic the weather
            alice< 200 topic #general :the weather
            bob< 100 topic #general alice :the weather
            bob> /topic #general
            bob< 200 topic #general :the weather
            bob> /topic mine
            bob< 403 not-an-operator #general :<text>
            bob> /mode
            bob< 200 mode #general +nt
            alice> /mode #general -t
            alice< 200 mode #general +n
            bob< 100 mode #general alice -t
            bob> /topic mine
            bob< 200 topic #general :mine
            alice< 100 topic #general bob :mine
            alice> /topic -
            alice< 200 topic #general :
            bob< 100 topic #general alice :
        ").await;
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            bob> /nick bob
            bob< 200 nick bob
            alice> /join #general
            alice< 200 joined #general 1 0
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            alice> /voice #general bob
            alice< 200 role #general bob voice
            bob< 100 mode #general alice +v bob
            alice> /op #general bob
            alice< 200 role #general bob op
            bob< 100 mode #general alice +o bob
            alice> /names
            alice< 200-name alice op
            alice< 200-name bob op voice
            alice< 200 names #general 2
            alice> /deop #general bob
            alice< 200 role #general bob voice
            bob< 100 mode #general alice -o bob
            alice> /devoice #general bob
            alice< 200 role #general bob member
            bob< 100 mode #general alice -v bob
            bob> /op #general bob
            bob< 403 not-an-operator #general :<text>
            alice> /op #general carol
            alice< 404 no-such-nick carol :<text>
            alice> /op #general
            alice< 400 missing-parameter nick :<text>
            alice> /kick #general bob be nice
            alice< 200 kicked #general bob
            bob< 100 kick #general alice bob :be nice
            bob> still here?
            bob< 403 not-a-member #general :<text>
            alice> /invite #general bob
            alice< 200 invited #general bob
            bob< 100 invite #general alice
            alice> /invite #general nobody
            alice< 404 no-such-nick nobody :<text>
            bob> /invite #general alice
            bob< 403 not-a-member #general :<text>
            alice> /invite #nowhere bob
            alice< 404 no-such-channel #nowhere :<text>
        ").await;
    }

    async fn modes(town: &Town) {
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            bob> /nick bob
            bob< 200 nick bob
            alice> /join #general
            alice< 200 joined #general 1 0
            alice> /mode #general +i
            alice< 200 mode #general +int
            bob> /join #general
            bob< 403 invite-only #general :<text>
            alice> /invite #general bob
            alice< 200 invited #general bob
            bob< 100 invite #general alice
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            bob> /mode #general +m
            bob< 403 not-an-operator #general :<text>
            alice> /mode #general -i+mkl secret 2
            alice< 200 mode #general +mntkl secret 2
            bob< 100 mode #general alice -i
            bob< 100 mode #general alice +m
            bob< 100 mode #general alice +k
            bob< 100 mode #general alice +l 2
            bob> /mode
            bob< 200 mode #general +mntkl *
            bob> may I?
            bob< 403 moderated #general :<text>
            alice> /voice #general bob
            alice< 200 role #general bob voice
            bob< 100 mode #general alice +v bob
            bob> thanks
            bob< 201 sent #general 1 <id>
            alice< 100 msg #general 1 <time> bob :thanks
            carol> /nick carol
            carol< 200 nick carol
            carol> /join #general
            carol< 403 bad-key #general :<text>
            carol> /join #general wrong
            carol< 403 bad-key #general :<text>
            carol> /join #general secret
            carol< 403 channel-full #general :<text>
            alice> /mode #general -kl+r
            alice< 200 mode #general +mnrt
            bob< 100 mode #general alice +r
            bob< 100 mode #general alice -k
            bob< 100 mode #general alice -l
            carol> /join #general
            carol< 403 registered-only #general :<text>
            alice> /mode #general -r+s
            alice< 200 mode #general +mnst
            bob< 100 mode #general alice -r
            bob< 100 mode #general alice +s
            carol> /names #general
            carol< 404 no-such-channel #general :<text>
            carol> /list #general
            carol< 200 list 0
            carol> /join #general
            carol< 200 joined #general 3 1
            alice< 100 join #general carol
            bob< 100 join #general carol
            alice> /mode #general +z
            alice< 422 invalid-mode * :<text>
            alice> /mode #general +o bob
            alice< 422 invalid-mode * :<text>
            alice> /mode #general +l many
            alice< 422 invalid-mode * :<text>
            alice> /mode #general +l
            alice< * :<text>
            alice> /mode #nowhere +i
            alice< 404 no-such-channel #nowhere :<text>
        ").await;
    }

    async fn bans(town: &Town) {
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            bob> /nick bob
            bob< 200 nick bob
            alice> /join #general
            alice< 200 joined #general 1 0
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            alice> /ban #general bob
            alice< 200 banned #general bob!*@*
            bob< 100 mode #general alice +b bob!*@*
            bob> may I?
            bob< 403 banned #general :<text>
            alice> /bans #general
            alice< 200-ban #general bob!*@* alice <time> :
            alice< 200 bans #general 1
            bob> /bans #general
            bob< 403 not-an-operator #general :<text>
            bob> /ban #general alice
            bob< 403 not-an-operator #general :<text>
            bob> /part #general
            bob< 200 parted #general
            alice< 100 part #general bob :
            bob> /join #general
            bob< 403 banned #general :<text>
            alice> /unban #general bob!*@*
            alice< 200 unbanned #general bob!*@*
            alice> /unban #general bob!*@*
            alice< 404 no-such-ban #general bob!*@* :<text>
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            alice> /ban #general ~nothing:x
            alice< 422 invalid-mask ~nothing:x :<text>
            alice> /ban #general
            alice< 400 missing-parameter mask :<text>
            alice> /ban #nowhere bob
            alice< 404 no-such-channel #nowhere :<text>
        ").await;
    }

    async fn help_and_formats(town: &Town) {
        let mut a = town.line().await;
        let help = a.asks("/help").await;
        help.is("200 help");
        assert!(help.lines.len() > 20, "{:?}", help.texts());
        assert!(help.lines[..help.lines.len() - 1].iter().all(|heard| heard.raw.starts_with("200-help :")));
        a.asks("/help join").await.is("200 help");
        a.asks("/help dance").await.is("404 unknown-command *");
        plays(town, r"
            alice> /nick alice
            alice< 200 nick alice
            alice> /join #general
            alice< 200 joined #general 1 0
            bob> /nick bob
            bob< 200 nick bob
            bob> /format human
            bob< 200 format human
            bob> /join #general
            bob< 200 joined #general 2 0
            alice< 100 join #general bob
            alice> salut
            alice< 201 sent #general 1 <id>
            bob< <clock> #general <alice> salut
            alice> /me waves
            alice< 201 sent #general 2 <id>
            bob< <clock> #general * alice waves
            bob> /format wire
            bob< 200 format wire
            alice> salut
            alice< 201 sent #general 3 <id>
            bob< 100 msg #general 3 <time> alice :salut
            bob> /format fancy
            bob< 422 invalid-parameter format :<text>
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
