package io.coatcheck.examples.frameworks.shiro;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Site;
import io.coatcheck.examples.frameworks.trial.Store;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A login of Shiro is a login of the session")
class SessionLoginTest {

  private static final String COOKIE = "__Host-session";

  private static Site site;

  @BeforeAll
  static void start() {
    JavaSerializationCodec codec =
        JavaSerializationCodec.builder().allow(AllowListPreset.SHIRO).build();
    site = Site.start(Store.COPY_ON_READ, codec, Shop::registerWithSessionLogin);
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static int sessionsOf(String user) {
    return site.manager().sessionsOf(user).size();
  }

  @Test
  void login_replacesTheSecret_andNamesTheUser() {
    Browser ann = site.browser();
    ann.get("/note?text=blue");
    String before = ann.cookie(COOKIE);
    ann.get("/payment");
    ShiroFlows.logIn(ann, "ann", "ticket");
    assertThat(ann.cookie(COOKIE)).isNotNull().isNotEqualTo(before);
    assertThat(ann.get("/account").body()).contains("who=ann").contains("note=blue");
    assertThat(sessionsOf("ann")).isEqualTo(1);
    ann.get("/logout");
    assertThat(sessionsOf("ann")).isZero();
    assertThat(ann.get("/account").path()).isEqualTo("/login");
  }

  @Test
  void refusedLogin_changesNothing() {
    Browser ann = site.browser();
    ann.get("/note?text=blue");
    String before = ann.cookie(COOKIE);
    ShiroFlows.logIn(ann, "ann", "wrong");
    assertThat(ann.cookie(COOKIE)).isEqualTo(before);
    assertThat(sessionsOf("ann")).isZero();
  }

  @Test
  void rememberedUser_isLoggedIn() {
    Browser bob = site.browser();
    bob.post("/login", "username", "bob", "password", "ticket", "rememberMe", "true");
    bob.restart();
    assertThat(bob.get("/account").body()).contains("who=bob").contains("remembered=true");
    String first = bob.cookie(COOKIE);
    assertThat(sessionsOf("bob")).isEqualTo(2);
    assertThat(site.manager().sessionsOf("bob"))
        .filteredOn(session -> session.authenticatedAt().equals(Optional.of(Instant.EPOCH)))
        .as("a remembered user has no fresh login")
        .hasSize(1);
    assertThat(bob.get("/account").body()).contains("remembered=true");
    assertThat(bob.cookie(COOKIE)).isEqualTo(first);
    bob.get("/logout");
    assertThat(sessionsOf("bob")).isEqualTo(1);
    site.manager().revokeAllOf("bob");
  }

  @Test
  void loginAsAnotherUser_sharesNothing() {
    Browser browser = site.browser();
    ShiroFlows.logIn(browser, "ann", "ticket");
    browser.get("/note?text=of+ann");
    assertThat(browser.get("/switch?user=bob").status()).isEqualTo(200);
    assertThat(browser.get("/account").body()).contains("who=bob").doesNotContain("of ann");
    assertThat(sessionsOf("ann")).isZero();
    assertThat(sessionsOf("bob")).isEqualTo(1);
    browser.get("/logout");
  }
}
