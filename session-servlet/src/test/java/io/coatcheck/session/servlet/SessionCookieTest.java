package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.servlet.SessionCookie.SameSite;
import io.coatcheck.session.token.SessionToken;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.TimeZone;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SessionCookieTest {

  private static final SessionToken TOKEN =
      SessionToken.parse(
              "01940000-0000-7000-8000-000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
          .orElseThrow();

  private static final Instant NOW = Instant.parse("2026-02-05T03:04:06.000000007Z");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "app=",
        "app=x",
        "app=x=y; Path=/",
        " app=x",
        "app =x",
        "\t app \t=x",
      })
  void isSetBy_itsName(String header) {
    assertThat(SessionCookie.builder().name("app").build().isSetBy(header)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "app",
        "=app",
        " =app",
        "apps=x",
        "ap=x",
        "xapp=x",
        "App=x",
        "a pp=x",
        "\u00a0app=x"
      })
  void isSetBy_anotherName(String header) {
    assertThat(SessionCookie.builder().name("app").build().isSetBy(header)).isFalse();
  }

  @Nested
  @DisplayName("F51: the header, to the letter")
  class Rendering {

    @Test
    void defaults_areTheStrictest() {
      assertThat(SessionCookie.defaults().set(TOKEN, null, NOW))
          .isEqualTo(
              "__Host-session=" + TOKEN.value() + "; Path=/; Secure; HttpOnly; SameSite=Lax");
    }

    @Test
    @DisplayName("F14: the deletion has the same attributes")
    void delete_differsInValueAndAgeAlone() {
      assertThat(SessionCookie.defaults().delete())
          .isEqualTo(
              "__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure;"
                  + " HttpOnly; SameSite=Lax");
      SessionCookie cookie =
          SessionCookie.builder()
              .name("__Secure-app")
              .path("/app")
              .domain("example.com")
              .sameSite(SameSite.NONE)
              .build();
      assertThat(cookie.delete())
          .isEqualTo(
              "__Secure-app=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/app; Domain=example.com; Secure; HttpOnly;"
                  + " SameSite=None");
      assertThat(cookie.set(TOKEN, Duration.ofSeconds(90), NOW))
          .isEqualTo(
              "__Secure-app="
                  + TOKEN.value()
                  + "; Max-Age=90; Expires=Thu, 05 Feb 2026 03:05:37 GMT; Path=/app; Domain=example.com; Secure; HttpOnly;"
                  + " SameSite=None");
    }

    @Test
    @DisplayName("token, hint and deletion are of the same partition")
    void partitioned_isInAll() {
      SessionCookie cookie =
          SessionCookie.builder().sameSite(SameSite.NONE).partitioned(true).build();
      String attributes = "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned";

      assertThat(cookie.isPartitioned()).isTrue();
      assertThat(cookie.set(TOKEN, null, NOW))
          .isEqualTo("__Host-session=" + TOKEN.value() + attributes);
      assertThat(cookie.set(TOKEN, Duration.ofSeconds(90), NOW)).endsWith(attributes);
      assertThat(cookie.delete()).startsWith("__Host-session=; Max-Age=0").endsWith(attributes);
      assertThat(cookie.forHints().set("hint", null, NOW))
          .isEqualTo("__Host-session-seen=hint" + attributes);
      assertThat(cookie.forHints().delete()).endsWith(attributes);
    }

    @Test
    void insecure_hasAnotherName() {
      assertThat(SessionCookie.insecureForLocalDevelopment().set(TOKEN, null, NOW))
          .isEqualTo("session-insecure=" + TOKEN.value() + "; Path=/; HttpOnly; SameSite=Lax");
    }

    @Test
    @DisplayName("the age is capped at 400 days, as browsers do")
    void maxAge_isCapped() {
      assertThat(SessionCookie.defaults().set(TOKEN, Duration.ofDays(3650), NOW))
          .contains("; Max-Age=34560000;");
      assertThat(SessionCookie.defaults().set(TOKEN, Duration.ofSeconds(-5), NOW))
          .contains("; Max-Age=0;");
    }

    @Test
    @DisplayName("B01: what is left of the last second counts as a whole one")
    void maxAge_isNotASecondShort() {
      assertThat(SessionCookie.defaults().set(TOKEN, Duration.ofDays(30).minusNanos(1), NOW))
          .contains("; Max-Age=2592000; Expires=Sat, 07 Mar 2026 03:04:07 GMT;");
      assertThat(SessionCookie.defaults().set(TOKEN, Duration.ofDays(1), Instant.EPOCH))
          .contains("; Max-Age=86400; Expires=Fri, 02 Jan 1970 00:00:00 GMT;");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tr-TR", "ar-SA-u-nu-arab", "th-TH-u-nu-thai"})
    void locale_makesNoDifference(String tag) {
      Locale locale = Locale.getDefault();
      TimeZone zone = TimeZone.getDefault();
      try {
        Locale.setDefault(Locale.forLanguageTag(tag));
        TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kathmandu"));
        assertThat(
                SessionCookie.builder()
                    .sameSite(SameSite.STRICT)
                    .build()
                    .set(TOKEN, Duration.ofDays(30), NOW))
            .isEqualTo(
                "__Host-session="
                    + TOKEN.value()
                    + "; Max-Age=2592000; Expires=Sat, 07 Mar 2026 03:04:07 GMT; Path=/; Secure; HttpOnly; SameSite=Strict");
      } finally {
        Locale.setDefault(locale);
        TimeZone.setDefault(zone);
      }
    }

    @Test
    @DisplayName("I1: its text has no secret, since it has none")
    void toString_showsTheAttributes() {
      assertThat(SessionCookie.defaults())
          .hasToString("SessionCookie[__Host-session; Path=/; Secure; HttpOnly; SameSite=Lax]");
    }
  }

  @Nested
  @DisplayName("I11: wrong settings are refused")
  class Validation {

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          "a b",
          "a=b",
          "a;b",
          "a,b",
          "a\"b",
          "a\r\nb",
          "\u00e9",
          "$Version",
          "a\tb",
          "a/b"
        })
    void name_mustBeAToken(String name) {
      assertThatThrownBy(() -> SessionCookie.builder().name(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("the name of the cookie must");
    }

    @Test
    void name_mustNotBeTooLong() {
      SessionCookie.builder().name("a".repeat(128)).build();
      assertThatThrownBy(() -> SessionCookie.builder().name("a".repeat(129)))
          .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @DisplayName("F52: no setting can add to the header")
    @ValueSource(strings = {"", "app", "/a;b", "/a,b", "/a\r\nX: y", "/a b", "/\u00e9", "/\u007f"})
    void path_mustBePlain(String path) {
      assertThatThrownBy(() -> SessionCookie.builder().path(path))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("the path of the cookie must")
          .message()
          .doesNotContain("\r", "\n");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "",
          ".example.com",
          "example..com",
          "a;b",
          "a\r\nb",
          "-a.com",
          "a b",
          "\u00e9.com",
          "a,b"
        })
    void domain_mustBeAHost(String domain) {
      assertThatThrownBy(() -> SessionCookie.builder().domain(domain))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("the domain of the cookie must");
    }

    @ParameterizedTest
    @DisplayName("browsers compare the prefix in whatever case")
    @ValueSource(strings = {"__Host-session", "__host-session", "__Host-Http-session"})
    void hostPrefix_excludesDomainAndPath(String name) {
      assertThatThrownBy(() -> SessionCookie.builder().name(name).domain("example.com").build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "the domain of a cookie with the prefix __Host- must not be set: example.com");
      assertThatThrownBy(() -> SessionCookie.builder().name(name).path("/app").build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the path of a cookie with the prefix __Host- must be '/': /app");
    }

    @ParameterizedTest
    @DisplayName("a partitioned cookie is for frames of other sites, and goes to them")
    @EnumSource(
        value = SameSite.class,
        names = {"LAX", "STRICT"})
    void partitioned_needsNone(SameSite sameSite) {
      SessionCookie.Builder cookie = SessionCookie.builder().partitioned(true).sameSite(sameSite);
      assertThatThrownBy(cookie::build)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("sameSite of a partitioned cookie must be NONE: " + sameSite);
      assertThat(cookie.partitioned(false).build().isPartitioned()).isFalse();
    }
  }
}
