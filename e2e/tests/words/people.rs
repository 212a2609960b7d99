//! Coming and going, accounts, people and the rest.

use e2e::{Town, in_every_town};

use super::plays;

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
            alice> /whois
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
            alice> /nick al ice
            alice< 400 bad-request ice :<text>
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
}
