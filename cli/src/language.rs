//! The language that is spoken: told once, when arguments are known.

use std::borrow::Cow;
use std::sync::OnceLock;

use pkidoctor::lang::Language;
use pkidoctor::report::Report;

static SPOKEN: OnceLock<Language> = OnceLock::new();

/// Decides it, for the rest of the run.
pub(crate) fn speak(language: Language) {
    // the first word counts
    let _ = SPOKEN.set(language);
}

/// Which it is.
pub(crate) fn spoken() -> Language {
    SPOKEN.get().copied().unwrap_or_default()
}

/// A sentence in it.
pub(crate) fn tr(text: &str) -> Cow<'_, str> {
    spoken().tell(text)
}

/// A report in it.
pub(crate) fn report(report: &Report) -> Cow<'_, Report> {
    match spoken() {
        Language::English => Cow::Borrowed(report),
        other => Cow::Owned(other.report(report)),
    }
}

/// What the environment asks for: `LC_ALL`, else `LC_MESSAGES`, else `LANG` (POSIX, XBD section 8.2).
#[expect(clippy::disallowed_methods, reason = "the command line looks at the environment")]
pub(crate) fn of_environment() -> Language {
    let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
    let asked = names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
    if asked.is_some_and(|value| value.starts_with("zh")) { Language::Chinese } else { Language::English }
}
