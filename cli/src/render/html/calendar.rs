//! The calendar of expiry: what ends, month by month.

use pkidoctor::report::Report;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::write::Html;
use crate::render::validity::{self, Validity};
use crate::words::distance;

/// Writes it.
pub(super) fn write(html: &mut Html, report: &Report) {
    let Ok(now) = OffsetDateTime::parse(&report.at, &Rfc3339) else { return };
    let mut all = validity::all(report);
    if all.is_empty() {
        return;
    }
    all.sort_by(|one, other| (one.until, &one.place).cmp(&(other.until, &other.place)));
    super::section(html, "calendar", "When certificates end");
    html.raw("<ol class=\"calendar\">\n");
    for month in all.chunk_by(|one, other| month_of(one.until) == month_of(other.until)) {
        self::month(html, month, now);
    }
    html.raw("</ol></section>\n");
}

fn month_of(at: OffsetDateTime) -> (i32, u8) {
    (at.year(), u8::from(at.month()))
}

/// How near the end is.
fn nearness(until: OffsetDateTime, now: OffsetDateTime) -> &'static str {
    match (until - now).whole_days() {
        _ if until < now => "over",
        ..30 => "soon",
        30..90 => "near",
        _ => "far",
    }
}

fn month(html: &mut Html, month: &[Validity<'_>], now: OffsetDateTime) {
    let Some(first) = month.first() else { return };
    html.raw(&format!("<li class=\"month {}\">\n", nearness(first.until, now)));
    html.element("h3", "", &format!("{} {}", first.until.month(), first.until.year()));
    html.raw("<ul>\n");
    let day = |entry: &Validity<'_>| -> Date { entry.until.date() };
    for same in month.chunk_by(|one, other| day(one) == day(other)) {
        let head = &same[0];
        let state = nearness(head.until, now);
        html.raw(&format!(
            "<li class=\"{state}\"><span class=\"day\">{}</span> <span class=\"left\">",
            head.until.day()
        ));
        html.text(&distance(now, head.until));
        if state == "over" {
            html.raw(" ");
            html.text("(expired)");
        }
        html.raw("</span>");
        html.raw("<ul>\n");
        for entry in same {
            html.raw("<li>");
            html.text(&entry.place);
            html.raw(if entry.certificate.is_ca { " <span class=\"tag\">CA</span>" } else { "" });
            html.raw("</li>\n");
        }
        html.raw("</ul></li>\n");
    }
    html.raw("</ul></li>\n");
}
