//! Lines as no well-behaved client sends them.

use e2e::{Town, fresh, fresh_channel, in_every_town};

const MAX_LINE: usize = 8192;

in_every_town! {
    async fn a_line_that_is_too_long_is_skipped_to_its_end(town: &Town) {
        let mut a = town.line().await;
        a.raw(&[b'x'; MAX_LINE + 1]).await;
        // It is told as soon as that is known, before its end.
        a.reply().await.is("413 line-too-long 8192 :*");
        a.raw(&[b'y'; 3 * MAX_LINE]).await;
        a.raw(b"\n/ping after\n").await;
        a.reply().await.is("200 pong :after");
        // At the limit it is a line like any other, here with CR LF.
        let text = "z".repeat(MAX_LINE - "/ping ".len());
        a.raw(format!("/ping {text}\r\n").as_bytes()).await;
        a.reply().await.is(&format!("200 pong :{text}"));
        a.raw(format!("/ping {text}z\n/ping next\n").as_bytes()).await;
        a.reply().await.is("413 line-too-long 8192 :*");
        a.reply().await.is("200 pong :next");
    }

    async fn bytes_that_are_no_text_are_refused_and_the_next_line_is_read(town: &Town) {
        let mut a = town.person(&fresh("alice")).await;
        a.raw(b"/ping \xc3\x28\n/ping after\n").await;
        a.reply().await.is("400 invalid-utf8 :*chcp 65001*");
        a.reply().await.is("200 pong :after");
        // Latin-1, as an old terminal sends it; overlong and surrogate forms, as an attacker does.
        for bytes in [&b"/ping caf\xe9\n"[..], b"/ping \xc0\xaf\n", b"/ping \xed\xa0\x80\n", b"/ping \xf4\x90\x80\x80\n"] {
            a.raw(bytes).await;
            a.reply().await.is("400 invalid-utf8 :*");
        }
        a.asks("/ping fine").await.is("200 pong :fine");
    }

    async fn noise_of_all_kinds_disturbs_nobody(town: &Town) {
        use rand::{RngExt, SeedableRng, rngs::StdRng};
        let (channel, mut b) = (fresh_channel("noise"), town.person(&fresh("bob")).await);
        b.does(&format!("/join {channel}")).await;
        for seed in 0..20 {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut noise = vec![0; 20_000];
            rng.fill(&mut noise[..]);
            let mut a = town.line().await;
            if seed % 2 == 0 {
                a.does(&format!("/nick {}", fresh("noisy"))).await;
                a.does(&format!("/join {channel}")).await;
            }
            // It may be told that it is too fast, or be cut off; nothing else is of interest.
            let _ = a.try_raw(&noise).await;
            let _ = a.try_raw(b"\n").await;
            a.resets().await;
        }
        // TLS, HTTP and SSH clients at the wrong port.
        for hello in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"SSH-2.0-OpenSSH_9.9\r\n"] {
            let mut a = town.line().await;
            a.raw(hello).await;
            a.raw(b"\n/ping still\n").await;
            a.sees("200 pong :still").await;
        }
        b.asks("/ping fine").await.is("200 pong :fine");
        b.asks("fine").await.is(&format!("201 sent {channel} <seq> <id>"));
    }

    async fn a_line_may_come_byte_by_byte(town: &Town) {
        let (alice, channel) = (fresh("alice"), fresh_channel("général"));
        let mut a = town.line().await;
        for byte in format!("/nick {alice}\r\n@id=1 /join {channel}\nça va\n").into_bytes() {
            a.raw(&[byte]).await;
        }
        a.reply().await.is(&format!("200 nick {alice}"));
        a.reply().await.is(&format!("@id=1 200 joined {channel} 1 0"));
        a.reply().await.is(&format!("201 sent {channel} 1 <id>"));
        a.asks("/history").await.is(&format!("200 history {channel} 1"));
    }

    async fn pipelined_commands_are_answered_in_their_order(town: &Town) {
        let (alice, channel) = (fresh("alice"), fresh_channel("pipe"));
        let mut a = town.line().await;
        let mut lines = format!("/nick {alice}\n/join {channel}\n");
        for n in 1..=200 {
            lines += &format!("@id=m{n} message {n}\n");
            if n % 10 == 0 {
                lines += &format!("@id=t{n} /topic {channel} topic {n}\n@id=p{n} /ping {n}\n");
            }
        }
        lines += "/history 1000\n";
        a.raw(lines.as_bytes()).await;
        a.reply().await.is(&format!("200 nick {alice}"));
        a.reply().await.is(&format!("200 joined {channel} 1 0"));
        for n in 1..=200 {
            a.reply().await.is(&format!("@id=m{n} 201 sent {channel} {n} <id>"));
            if n % 10 == 0 {
                a.reply().await.is(&format!("@id=t{n} 200 topic {channel} :topic {n}"));
                a.reply().await.is(&format!("@id=p{n} 200 pong :{n}"));
            }
        }
        let history = a.reply().await;
        history.is(&format!("200 history {channel} 200"));
        assert_eq!(history.lines.len(), 201);
        assert!(a.events().is_empty(), "one's own changes are no events");
    }

    async fn input_before_a_half_close_is_answered(town: &Town) {
        let (alice, channel) = (fresh("alice"), fresh_channel("half"));
        let mut a = town.line().await;
        // The last line has no end.
        a.raw(format!("/nick {alice}\n/join {channel}\nhello\n/ping bye").as_bytes()).await;
        a.half_closes().await;
        a.sees_the_end().await;
        let said: Vec<_> = a.everything().into_iter().map(|heard| heard.raw).collect();
        assert_eq!(said.len(), 4, "{said:?}");
        assert_eq!((&*said[0], &*said[3]), (&*format!("200 nick {alice}"), "200 pong :bye"));
        assert!(said[2].starts_with(&format!("201 sent {channel} 1 ")), "{said:?}");
    }

    async fn what_old_clients_send_besides_is_passed_over(town: &Town) {
        let mut a = town.line().await;
        // A BOM, telnet's greetings, CR NUL as telnet ends lines, and blank lines.
        a.raw(b"\xef\xbb\xbf\xff\xfd\x03\xff\xfb\x18/ping one\r\0\n\n  \t \r\n/ping two\r\n").await;
        a.reply().await.is("200 pong :one");
        a.reply().await.is("200 pong :two");
        a.raw(b"\xff\xfa\x18\x00xterm\xff\xf0/ping three\n").await;
        a.reply().await.is("200 pong :three");
    }
}
