package io.coatcheck.session.spring.test;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.LoginOutcome;
import io.coatcheck.session.Session;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.http.HttpSession;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationContext;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.test.web.servlet.request.RequestPostProcessor;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.support.WebApplicationContextUtils;

/**
 * A login for a test, without a password and without the application's login page.
 *
 * <p>With {@code MockMvc} it is a post-processor of requests. Each request gets its own session:
 *
 * <pre>{@code
 * mvc.perform(get("/account").with(loggedInAs("alice")))
 * }</pre>
 *
 * <p>With a running server, and with {@code MockMvc} for several requests of one session, {@link
 * #on} begins the session:
 *
 * <pre>{@code
 * TestSession alice = loggedInAs("alice").on(context);
 * client.get().uri("/account").header(alice.headerName(), alice.headerValue())
 * }</pre>
 *
 * <p>The session is one of the application: it is in the store, in the list of the user's sessions,
 * and a logout ends it. With Spring Security it holds a security context with the user and the
 * authorities that the one {@code UserDetailsService} has for that name, or with {@code ROLE_USER}
 * if the service does not know the name or there is none. With {@code
 * coatcheck.security.context=principal} the service must know the user.
 *
 * <p>In a {@code MockMvc} test without a {@link SessionFilter}, such as a slice made by {@code
 * WebMvcTest}, the security context is put into the request's mock session. There is no session of
 * Coatcheck then.
 *
 * <p>Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class TestLogin implements RequestPostProcessor {

  private static final boolean HAS_SECURITY =
      ClassUtils.isPresent(
          "org.springframework.security.web.context.HttpSessionSecurityContextRepository",
          TestLogin.class.getClassLoader());

  private final String user;
  private final @Nullable List<String> authorities;
  private final List<String> factors;
  private final Map<String, Object> attributes;

  private TestLogin(
      String user,
      @Nullable List<String> authorities,
      List<String> factors,
      Map<String, Object> attributes) {
    this.user = user;
    this.authorities = authorities;
    this.factors = factors;
    this.attributes = attributes;
  }

  /**
   * Returns the login of a user.
   *
   * @param user the name, as {@code Authentication.getName()} returns it; 1 to 255 code points,
   *     which is checked when a session begins
   */
  public static TestLogin loggedInAs(String user) {
    return new TestLogin(Objects.requireNonNull(user, "user"), null, List.of(), Map.of());
  }

  /**
   * Returns this login with these authorities of Spring Security in place of those of the {@code
   * UserDetailsService}, which is not called. Without Spring Security, and with {@code
   * coatcheck.security.context=principal}, where authorities come from the service alone, a session
   * with them is refused.
   *
   * @param names such as {@code ROLE_ADMIN}; none for a user without any
   */
  public TestLogin withAuthorities(String... names) {
    return new TestLogin(user, List.of(names), factors, attributes);
  }

  /**
   * Returns this login with these factors in place of none, beside the authorities. Without them,
   * the multi-factor authentication of Spring Security asks the user for each factor that it
   * requires. Before Spring Security 7, which has factors first, a session with them is refused.
   *
   * @param names such as {@code FACTOR_PASSWORD}; each counts as proved when the session begins
   */
  public TestLogin withFactors(String... names) {
    return new TestLogin(user, authorities, List.of(names), attributes);
  }

  /**
   * Returns this login with an attribute that the session holds. {@code sessionAttr} of {@code
   * MockMvc} sets attributes of the mock session, which the application does not see.
   */
  public TestLogin withAttribute(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(attributes);
    more.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    return new TestLogin(user, authorities, factors, more);
  }

  /**
   * Begins a session in an application that runs in this process, and logs the user in.
   *
   * @throws IllegalStateException if the application does not have exactly one {@link
   *     SessionFilter}, or the login is refused because the user has as many sessions as allowed
   * @throws IllegalArgumentException if the name, the authorities or an attribute are not allowed
   * @throws io.coatcheck.session.store.SessionStoreException if the store failed
   */
  public TestSession on(ApplicationContext context) {
    List<SessionFilter> filters = filters(context);
    if (filters.size() != 1) {
      throw new IllegalStateException(
          "a test login needs an application with one SessionFilter; this one has "
              + filters.size());
    }
    SessionManager manager = context.getBean(SessionManager.class);
    Map<String, Object> contents = contents(context);
    LoginOutcome outcome = manager.authenticate(null, user, LoginOptions.defaults());
    if (outcome instanceof LoginOutcome.Granted granted) {
      return filled(manager, granted.session(), contents, filters.get(0));
    }
    throw new IllegalStateException("the login of " + user + " was refused: " + outcome);
  }

  private static TestSession filled(
      SessionManager manager, Session session, Map<String, Object> contents, SessionFilter filter) {
    contents.forEach(session::setAttribute);
    if (!contents.isEmpty() && !manager.save(session)) {
      throw new IllegalStateException("the session of the test login ended at once");
    }
    return TestSession.of(session, filter);
  }

  /** Begins a session and adds its token to a request of {@code MockMvc}. */
  @Override
  public MockHttpServletRequest postProcessRequest(MockHttpServletRequest request) {
    ApplicationContext context =
        WebApplicationContextUtils.getWebApplicationContext(request.getServletContext());
    if (context != null && !filters(context).isEmpty()) {
      return on(context).postProcessRequest(request);
    }
    if (!HAS_SECURITY) {
      throw new IllegalStateException(
          "this test has neither a SessionFilter nor Spring Security, so that no login is possible");
    }
    HttpSession session = Objects.requireNonNull(request.getSession(), "the mock session");
    attributes.forEach(session::setAttribute);
    session.setAttribute(
        SecurityContexts.ATTRIBUTE, SecurityContexts.of(user, authorities, factors, context));
    return request;
  }

  /** Returns the attributes of the session, and the context unless it is rebuilt. */
  private Map<String, Object> contents(ApplicationContext context) {
    if (Binder.get(context.getEnvironment())
        .bind("coatcheck.security.context", String.class)
        .orElse("")
        .strip()
        .equalsIgnoreCase("principal")) {
      if (authorities != null) {
        throw new IllegalArgumentException(
            "withAuthorities must not be used with coatcheck.security.context=principal: "
                + authorities);
      }
      SecurityContexts.requireKnown(user, context);
      Map<String, Object> all = new LinkedHashMap<>(attributes);
      if (!factors.isEmpty()) {
        all.put(SecurityContexts.FACTORS_ATTRIBUTE, SecurityContexts.textOf(factors));
      }
      return all;
    }
    if (!HAS_SECURITY) {
      if (authorities != null) {
        throw new IllegalArgumentException(
            "withAuthorities must not be used without Spring Security: " + authorities);
      }
      if (!factors.isEmpty()) {
        throw new IllegalArgumentException(
            "withFactors must not be used without Spring Security: " + factors);
      }
      return attributes;
    }
    Map<String, Object> all = new LinkedHashMap<>(attributes);
    all.put(SecurityContexts.ATTRIBUTE, SecurityContexts.of(user, authorities, factors, context));
    return all;
  }

  private static List<SessionFilter> filters(ApplicationContext context) {
    List<SessionFilter> filters = new ArrayList<>();
    for (FilterRegistrationBean<?> bean :
        context.getBeansOfType(FilterRegistrationBean.class).values()) {
      if (bean.isEnabled() && bean.getFilter() instanceof SessionFilter filter) {
        filters.add(filter);
      }
    }
    return filters;
  }

  /** Returns the name of the user. */
  @Override
  public String toString() {
    return "TestLogin[" + user + "]";
  }
}
