package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.spring.shop.Shop;
import jakarta.servlet.Filter;
import jakarta.servlet.http.Cookie;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.mock.web.MockHttpSession;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.MvcResult;
import org.springframework.test.web.servlet.request.MockHttpServletRequestBuilder;
import org.springframework.test.web.servlet.request.MockMvcRequestBuilders;
import org.springframework.test.web.servlet.setup.MockMvcBuilders;
import org.springframework.web.context.WebApplicationContext;

@DisplayName("MockMvc, in an application with the starter")
class MockMvcTest {

  private static final String COOKIE = "__Host-session";

  private static Site site;

  @BeforeAll
  static void start() {
    site = Site.start(Shop.class, "coatcheck.store=memory");
  }

  @AfterAll
  static void stop() {
    site.close();
  }

  private static Filter security() {
    return site.context().getBean("springSecurityFilterChain", Filter.class);
  }

  private static Filter sessions() {
    return site.context()
        .getBean("coatcheckFilterRegistration", FilterRegistrationBean.class)
        .getFilter();
  }

  private static MockMvc mvc(Filter... filters) {
    return MockMvcBuilders.webAppContextSetup((WebApplicationContext) site.context())
        .addFilters(filters)
        .build();
  }

  private static MockHttpServletRequestBuilder login(String token) {
    return MockMvcRequestBuilders.post("/login")
        .param("username", "ann")
        .param("password", "ticket")
        .param("_csrf", token);
  }

  @Test
  @DisplayName("with the filter has the sessions of Coatcheck")
  void withTheFilter() throws Exception {
    MockMvc mvc = mvc(sessions(), security());
    MvcResult page = mvc.perform(MockMvcRequestBuilders.get("/token")).andReturn();
    String token = page.getResponse().getContentAsString();
    MvcResult login =
        mvc.perform(login(token).cookie(page.getResponse().getCookie(COOKIE))).andReturn();
    Cookie cookie = login.getResponse().getCookie(COOKIE);
    MvcResult account =
        mvc.perform(MockMvcRequestBuilders.get("/account").cookie(cookie)).andReturn();
    assertThat(account.getResponse().getContentAsString()).isEqualTo("ann");
    assertThat(site.bean(SessionManager.class).sessionsOf("ann")).hasSize(1);
  }

  @Test
  @DisplayName("sees the length of the filter's own answer")
  void lengthOfAnAnswer() throws Exception {
    MockHttpServletResponse response =
        mvc(sessions())
            .perform(MockMvcRequestBuilders.post("/login").header("Sec-Fetch-Site", "cross-site"))
            .andReturn()
            .getResponse();
    assertThat(response.getStatus()).isEqualTo(403);
    assertThat(response.getHeader("Content-Length"))
        .isEqualTo("" + response.getContentAsString().length());
  }

  @Test
  @DisplayName("without the filter logs in to the mock session, as without the starter")
  void withoutTheFilter() throws Exception {
    MockMvc mvc = mvc(security());
    MockHttpSession session = new MockHttpSession();
    String token =
        mvc.perform(MockMvcRequestBuilders.get("/token").session(session))
            .andReturn()
            .getResponse()
            .getContentAsString();
    MvcResult login = mvc.perform(login(token).session(session)).andReturn();
    assertThat(login.getResponse().getRedirectedUrl()).isEqualTo("/");
    MvcResult account =
        mvc.perform(MockMvcRequestBuilders.get("/account").session(session)).andReturn();
    assertThat(account.getResponse().getContentAsString()).isEqualTo("ann");
  }
}
