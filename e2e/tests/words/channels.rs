//! Channels and those who run them.

use e2e::{Town, in_every_town};

use super::plays;

in_every_town! {
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
            bob< 200-ban #general bob!*@* alice <time> :
            bob< 200 bans #general 1
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
}
