//! The cloud's language models, each against an emulation of its interface: they answer, fail, hang and break off in the
//! midst of calls, and no turn is lost.

use frontdesk::server::agent::Settings;

use crate::{
    agent::Call,
    emulation::llm::{Emulation, Interface},
};

/// A call whose assistant asks the emulation first and the script next.
async fn call(emulation: &Emulation, interface: Interface) -> Call {
    let file = std::env::temp_dir().join(format!("frontdesk-llm-{:x}.toml", rand::random::<u64>()));
    let text = format!(
        "name = \"Mia\"
        greeting = \"Hello.\"
        [[llm]]
        provider = \"{}\"
        model = \"test-model\"
        url = \"{}\"
        key_env = \"TEST_KEY\"
        first_word_ms = 3000
        [[llm]]
        provider = \"script\"",
        interface.provider(),
        emulation.url
    );
    std::fs::write(&file, text).unwrap();
    let variable = |name: &str| (name == "TEST_KEY").then(|| "secret-key".to_owned());
    let (settings, keys) = Settings::load(&file, variable).unwrap();
    std::fs::remove_file(&file).unwrap();
    let mut call = Call::with(settings, keys).await;
    call.hear("assistant", "Hello.").await;
    call
}

async fn tells_its_story(interface: Interface) {
    let emulation = Emulation::start(interface).await;
    let mut call = call(&emulation, interface).await;
    // Each of the script's answers is another one, so that none can be taken for the one before.
    for (said, answer, requests) in [
        ("Can you play at sea?", "We can do that for you.", 1),
        ("What does a jazz trio cost?", "A jazz trio for three hours", 2),
        ("What does a string quartet cost?", "A quartet for three hours", 2),
        ("How much is a DJ for the whole evening?", "A DJ from eight", 1),
        ("Can you play outdoors?", "shade", 2),
        ("Do not break off now", "We play nearly all kinds of music.", 2),
        ("Please write this down", "One moment. It is noted.", 2),
    ] {
        call.write(said).await;
        call.hear("assistant", answer).await;
        assert_eq!(emulation.requests(), requests, "{interface:?}: {said}");
    }
    assert_eq!(call.messages()[0].name, "Ada");
    // Who is interrupted stops being paid for.
    call.is("listening").await;
    call.write("Talk for ever").await;
    emulation.endless(1).await;
    call.is("speaking").await;
    call.write("Thank you, can you play at sea?").await;
    emulation.endless(0).await;
    call.hear_again("assistant", "We can do that for you.").await;
    call.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_and_what_speaks_as_it_does() {
    tells_its_story(Interface::OpenAi).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anthropic() {
    tells_its_story(Interface::Anthropic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gemini() {
    tells_its_story(Interface::Gemini).await;
}
