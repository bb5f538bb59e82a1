//! A server, or a gateway before it, whose error repeats what the broker sent.

use super::{ask, body, vars};
use crate::support::world::{World, isolate};

#[test]
fn an_error_that_repeats_the_secret_is_told_without_its_words() {
    for (status, words) in [
        (
            400,
            r#"{"error":"invalid_request","error_description":"client_secret=SECRET is not known"}"#,
        ),
        (400, r#"{"error":"SECRET"}"#),
        (401, r#"{"message":"bad credentials: SECRET"}"#),
        (400, r#"{"error":"invalid_scope","error_description":"for SECRET"}"#),
        (429, r#"{"error":"slow_down","error_description":"SECRET again"}"#),
    ] {
        let entry = r#"{"token_endpoint":"https://as.example/token","client_id":"c","client_secret":"S","auth_method":"client_secret_post"}"#;
        let world = World::of(isolate(&vars(entry, None).with("S", "s3cret-of-the-operator")));
        let answer = words.replace("SECRET", "s3cret-of-the-operator");
        for _ in 0..2 {
            world.broker.servers.endpoint.answer(status, &answer);
        }
        let reply = ask(&world);
        assert!(body(&world, 0).contains("s3cret-of-the-operator"));
        assert!(reply.status >= 400);
        assert!(!reply.body.to_string().contains("s3cret"), "{status} {words}: {}", reply.body);
        assert!(!world.logged().to_string().contains("s3cret"), "{status} {words}");
    }
}
