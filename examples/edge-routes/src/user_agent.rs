//! What a `User-Agent` header says of its sender.
//!
//! A table of its own, since the lists of others are too large for what is told by a few words:
//! `docs/application.md` has their sizes.

use http::HeaderMap;
use http::header::USER_AGENT;

/// How browsers have begun for decades, whoever made them. Programs that do not say they are one (curl,
/// libraries, the previews of messengers) begin with their own names.
const BROWSERS: [&str; 2] = ["mozilla/", "opera/"];

/// What crawlers, previews and monitors that begin like a browser have in them.
const CRAWLERS: [&str; 16] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "+http",
    "headless",
    "lighthouse",
    "preview",
    "facebookexternalhit",
    "facebookcatalog",
    "google-",
    "googleother",
    "ptst/",
    "pingdom",
    "scanner",
    "monitor",
];

/// Makers of telephones whose names have such a word.
const NO_CRAWLERS: [&str; 1] = ["cubot"];

/// Systems by a word, the more particular ones first; named as in `Sec-CH-UA-Platform`.
const PLATFORMS: [(&str, &str); 9] = [
    ("android", "android"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("ipod", "ios"),
    ("cros ", "chrome os"),
    ("windows", "windows"),
    ("macintosh", "macos"),
    ("mac os x", "macos"),
    ("linux", "linux"),
];

/// The header in lower case.
pub(crate) struct UserAgent(String);

impl UserAgent {
    /// None when there is none: nothing is declared then.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(USER_AGENT)?.to_str().ok()?.trim().to_ascii_lowercase();
        (!text.is_empty()).then_some(Self(text))
    }

    /// Whether it declares itself something else than a browser that somebody looks at.
    pub(crate) fn is_crawler(&self) -> bool {
        if !BROWSERS.iter().any(|start| self.0.starts_with(start)) {
            return true;
        }
        // Browsers have not called themselves compatible since Internet Explorer 10; crawlers do.
        if self.0.contains("(compatible;") && !self.0.contains("msie ") {
            return true;
        }
        let text = NO_CRAWLERS.iter().fold(self.0.clone(), |text, name| text.replace(name, ""));
        CRAWLERS.iter().any(|word| text.contains(word))
    }

    /// 1 for a telephone, 0 for another device, 2 where the system is not known. Tablets, whose pages are
    /// those of a desktop, are none: browsers call only small screens mobile.
    pub(crate) fn is_mobile(&self) -> u8 {
        match (self.platform(), self.0.contains("mobi") && !self.0.contains("ipad")) {
            (_, true) => 1,
            (Some(_), false) => 0,
            (None, false) => 2,
        }
    }

    /// The operating system.
    pub(crate) fn platform(&self) -> Option<&'static str> {
        let found = PLATFORMS.iter().find(|(word, _)| self.0.contains(word));
        found.map(|(_, platform)| *platform)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(text: &'static str) -> UserAgent {
        let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(text))]);
        UserAgent::of(&headers).unwrap()
    }

    #[test]
    fn what_declares_itself_a_crawler_is_one() {
        for text in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.0.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@example.com)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Google-PageRenderer",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 PTST/1.0",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "WhatsApp/2.23.20.0 A",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "curl/8.5.0",
            "Wget/1.21.4",
            "python-requests/2.32.3",
            "Go-http-client/2.0",
            "okhttp/4.12.0",
            "node",
        ] {
            assert!(of(text).is_crawler(), "{text}");
        }
    }

    #[test]
    fn browsers_are_none_and_have_a_device() {
        for (text, is_mobile, platform) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
                0,
                Some("windows"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                0,
                Some("macos"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                1,
                Some("ios"),
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile/15E148 Safari/604.1",
                0,
                Some("ios"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36",
                1,
                Some("android"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
                0,
                Some("android"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Mobile Safari/537.36",
                1,
                Some("android"),
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
                0,
                Some("chrome os"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
                0,
                Some("linux"),
            ),
            (
                "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
                0,
                Some("windows"),
            ),
            ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1) Presto/2.12.423 Version/12.16", 2, None),
            ("Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", 1, None),
        ] {
            let agent = of(text);
            assert!(!agent.is_crawler(), "{text}");
            assert_eq!((agent.is_mobile(), agent.platform()), (is_mobile, platform), "{text}");
        }
    }

    #[test]
    fn without_the_header_nothing_is_declared() {
        assert!(UserAgent::of(&HeaderMap::new()).is_none());
        let empty = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(" "))]);
        assert!(UserAgent::of(&empty).is_none());
    }
}
