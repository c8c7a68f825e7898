package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.test.TestLogin.loggedInAs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.springframework.security.test.web.servlet.request.SecurityMockMvcRequestBuilders.formLogin;
import static org.springframework.security.test.web.servlet.request.SecurityMockMvcRequestPostProcessors.csrf;
import static org.springframework.security.test.web.servlet.request.SecurityMockMvcRequestPostProcessors.user;
import static org.springframework.security.test.web.servlet.response.SecurityMockMvcResultMatchers.authenticated;
import static org.springframework.security.test.web.servlet.response.SecurityMockMvcResultMatchers.unauthenticated;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.content;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.redirectedUrlPattern;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import io.coatcheck.session.SessionInfo;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.kiosk.Kiosk;
import io.coatcheck.session.spring.mvc.WithMvc;
import io.coatcheck.session.spring.test.TestSession;
import jakarta.servlet.http.Cookie;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.request.RequestPostProcessor;
import org.springframework.util.ClassUtils;

@SpringBootTest(
    classes = Kiosk.class,
    properties = {"coatcheck.store=memory", "coatcheck.memory.copy-on-read=true"})
@WithMvc
@DisplayName("A login for tests, with MockMvc")
class TestLoginTest {

  @Autowired private MockMvc mvc;
  @Autowired private ApplicationContext context;
  @Autowired private SessionManager sessions;

  private void assertAccount(RequestPostProcessor login, String expected) throws Exception {
    mvc.perform(get("/account").with(login)).andExpect(content().string(expected));
  }

  @Test
  @DisplayName("has the authorities of the UserDetailsService, or ROLE_USER, or those it is given")
  void authorities() throws Exception {
    assertAccount(loggedInAs("ann"), "ann[ROLE_MEMBER]");
    assertAccount(loggedInAs("visitor"), "visitor[ROLE_USER]");
    assertAccount(loggedInAs("ann").withAuthorities("ROLE_GUEST"), "ann[ROLE_GUEST]");
    assertAccount(loggedInAs("ann").withAuthorities(), "ann[]");
    mvc.perform(get("/takings").with(loggedInAs("ann"))).andExpect(status().isForbidden());
    mvc.perform(get("/takings").with(loggedInAs("olga"))).andExpect(content().string("a lot"));
  }

  @Test
  @DisplayName("is a session of the application, in the list of the user's sessions")
  void isListed() throws Exception {
    TestSession bob = loggedInAs("bob").on(context);
    assertThat(sessions.sessionsOf("bob")).extracting(SessionInfo::id).containsExactly(bob.id());
    mvc.perform(get("/member").with(bob)).andExpect(content().string("bob"));
    assertThat(bob).hasToString("TestSession[" + bob.id() + "]");
  }

  @Test
  @DisplayName("is one session for several requests, which a logout ends")
  void severalRequests() throws Exception {
    TestSession cat = loggedInAs("cat").withAttribute("paper", "The Herald").on(context);
    mvc.perform(get("/paper").with(cat)).andExpect(content().string("The Herald"));
    mvc.perform(post("/paper").param("title", "The Times").with(csrf()).with(cat))
        .andExpect(status().isOk());
    mvc.perform(get("/paper").with(cat)).andExpect(content().string("The Times"));
    mvc.perform(post("/logout").with(csrf()).with(cat))
        .andExpect(redirectedUrlPattern("/login?logout"));
    mvc.perform(get("/paper").with(cat)).andExpect(status().isFound());
    assertThat(sessions.sessionsOf("cat")).isEmpty();
  }

  @Test
  @DisplayName("keeps the other cookies of the request")
  void otherCookies() throws Exception {
    String seen =
        mvc.perform(get("/account").cookie(new Cookie("theme", "dark")).with(loggedInAs("ann")))
            .andExpect(content().string("ann[ROLE_MEMBER]"))
            .andReturn()
            .getRequest()
            .getHeader("Cookie");
    assertThat(seen).contains("theme=dark");
  }

  @Test
  @DisplayName("ends when the sessions of its user are ended")
  void revoked() throws Exception {
    TestSession dan = loggedInAs("dan").on(context);
    assertThat(sessions.revokeAllOf("dan")).isEqualTo(1);
    mvc.perform(get("/account").with(dan)).andExpect(status().isFound());
  }

  @Test
  @DisplayName("works beside that of Spring Security's test support, which logs no session in")
  void springSecurityTest() throws Exception {
    assertAccount(user("eve"), "eve[ROLE_USER]");
    mvc.perform(get("/member").with(user("eve"))).andExpect(content().string("none"));
    assertThat(sessions.sessionsOf("eve")).isEmpty();
    mvc.perform(get("/account")).andExpect(status().isFound());
  }

  @Test
  @DisplayName("is not seen by matchers of Spring Security's test support, which see a new login")
  void springSecurityMatchers() throws Exception {
    mvc.perform(formLogin().user("ann").password("ticket"))
        .andExpect(authenticated().withUsername("ann"));
    mvc.perform(formLogin().user("ann").password("no")).andExpect(unauthenticated());
    mvc.perform(get("/account").with(loggedInAs("ann")))
        .andExpect(content().string("ann[ROLE_MEMBER]"))
        .andExpect(unauthenticated());
  }

  @Test
  @DisplayName("refuses a name that no session can have, and a value that no database can keep")
  void refused() {
    assertThatThrownBy(() -> loggedInAs("").on(context))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> loggedInAs("x".repeat(256)).on(context))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> loggedInAs("fay").withAttribute("thread", Thread.currentThread()).on(context))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @DisabledIf("hasFactors")
  @DisplayName("refuses factors, which Spring Security has from version 7 on")
  void factors() {
    assertThatThrownBy(() -> loggedInAs("gil").withFactors("FACTOR_PASSWORD").on(context))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("withFactors", "Spring Security 7", "FACTOR_PASSWORD");
    assertThat(sessions.sessionsOf("gil")).isEmpty();
  }

  static boolean hasFactors() {
    return ClassUtils.isPresent(
        "org.springframework.security.core.authority.FactorGrantedAuthority",
        TestLoginTest.class.getClassLoader());
  }
}
