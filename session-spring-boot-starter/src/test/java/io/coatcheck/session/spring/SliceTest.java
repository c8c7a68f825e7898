package io.coatcheck.session.spring;

import static io.coatcheck.session.spring.test.TestLogin.loggedInAs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.security.test.web.servlet.request.SecurityMockMvcRequestPostProcessors.csrf;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.get;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.content;
import static org.springframework.test.web.servlet.result.MockMvcResultMatchers.status;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.kiosk.Kiosk;
import io.coatcheck.session.spring.kiosk.KioskSecurity;
import io.coatcheck.session.spring.mvc.MvcSlice;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.NestedTestConfiguration;
import org.springframework.test.context.NestedTestConfiguration.EnclosingConfiguration;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.web.servlet.MockMvc;

@DisplayName("A slice of the controllers alone")
@NestedTestConfiguration(EnclosingConfiguration.OVERRIDE)
class SliceTest {

  @Nested
  @MvcSlice
  @ContextConfiguration(classes = Kiosk.class)
  @Import(KioskSecurity.class)
  @TestPropertySource(properties = {"coatcheck.store=jdbc", "coatcheck.idle-timeout=20m"})
  @DisplayName("with the application's Spring Security")
  class WithSecurity {

    @Autowired private MockMvc mvc;
    @Autowired private ApplicationContext context;

    @Test
    @DisplayName("has no store, whatever the properties of the application say")
    void noStore() {
      assertThat(context.getBeansOfType(SessionManager.class)).isEmpty();
    }

    @Test
    @DisplayName("is logged in to in the mock session")
    void login() throws Exception {
      mvc.perform(get("/account")).andExpect(status().isFound());
      mvc.perform(get("/account").with(loggedInAs("ann")))
          .andExpect(content().string("ann[ROLE_MEMBER]"));
      mvc.perform(get("/account").with(loggedInAs("ann").withAuthorities("ROLE_OWNER")))
          .andExpect(content().string("ann[ROLE_OWNER]"));
      mvc.perform(get("/takings").with(loggedInAs("ann"))).andExpect(status().isForbidden());
      mvc.perform(get("/paper").with(loggedInAs("ann").withAttribute("paper", "The Herald")))
          .andExpect(content().string("The Herald"));
      mvc.perform(post("/paper").param("title", "x").with(loggedInAs("ann")))
          .andExpect(status().isForbidden());
      mvc.perform(post("/paper").param("title", "x").with(csrf()).with(loggedInAs("ann")))
          .andExpect(status().isOk());
    }
  }

  @Nested
  @MvcSlice
  @ContextConfiguration(classes = Kiosk.class)
  @DisplayName("with the Spring Security of Spring Boot")
  class WithoutOwnSecurity {

    @Autowired private MockMvc mvc;

    @Test
    @DisplayName("is logged in to as well")
    void login() throws Exception {
      mvc.perform(get("/account").with(loggedInAs("ann")))
          .andExpect(content().string("ann[ROLE_USER]"));
    }
  }

  @Nested
  @MvcSlice
  @ContextConfiguration(classes = Kiosk.class)
  @Import(KioskSecurity.class)
  @ImportAutoConfiguration({
    CoatcheckAutoConfiguration.class,
    CoatcheckSecurityAutoConfiguration.class
  })
  @TestPropertySource(
      properties = {"coatcheck.jdbc.create-schema=always", "coatcheck.near-cache.max-staleness=2s"})
  @DisplayName("with Coatcheck, on request")
  class WithSessions {

    @Autowired private MockMvc mvc;
    @Autowired private SessionManager sessions;

    @Test
    @DisplayName("has its sessions, in memory, with the properties of a database that is not there")
    void login() throws Exception {
      mvc.perform(get("/member").with(loggedInAs("ann"))).andExpect(content().string("ann"));
      mvc.perform(get("/account").with(loggedInAs("ann")))
          .andExpect(content().string("ann[ROLE_MEMBER]"));
      assertThat(sessions.sessionsOf("ann")).hasSize(2);
    }
  }
}
