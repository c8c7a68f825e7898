package io.coatcheck.examples.frameworks.shiro;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.examples.frameworks.trial.Browser;
import io.coatcheck.examples.frameworks.trial.Site;
import io.coatcheck.examples.frameworks.trial.Store;
import io.coatcheck.session.SessionManager;
import io.coatcheck.session.codec.AllowListPreset;
import io.coatcheck.session.codec.JavaSerializationCodec;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.migration.ContainerSessionAdoption;
import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Optional;
import org.apache.shiro.subject.PrincipalCollection;
import org.apache.shiro.subject.support.DefaultSubjectContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Users of Shiro stay logged in when its sessions move from the container")
class AdoptionTest {

  private final JavaSerializationCodec codec =
      JavaSerializationCodec.builder().allow(AllowListPreset.SHIRO).build();
  private final SessionManager sessions =
      SessionManager.builder(InMemorySessionStore.builder().build()).codec(codec).build();
  private final ContainerSessionAdoption bridge =
      ContainerSessionAdoption.builder(sessions, AdoptionTest::userOf).build();
  private volatile boolean isMoved;
  private Site site;

  private static Optional<String> userOf(HttpSession old) {
    return Optional.ofNullable(
            (PrincipalCollection) old.getAttribute(DefaultSubjectContext.PRINCIPALS_SESSION_KEY))
        .map(principals -> String.valueOf(principals.getPrimaryPrincipal()));
  }

  @BeforeEach
  void start() {
    site = Site.start(Store.CONTAINER, codec, this::register);
  }

  @AfterEach
  void stop() {
    site.close();
    sessions.close();
  }

  private void register(ServletContext context) {
    add(context, "session", SessionFilter.builder(sessions).build());
    add(context, "bridge", bridge);
    Shop.register(context);
  }

  private void add(ServletContext context, String name, Filter filter) {
    context
        .addFilter(name, new OnceMoved(filter))
        .addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), true, "/*");
  }

  /** Leaves requests alone until the application has moved. */
  private final class OnceMoved implements Filter {

    private final Filter filter;

    OnceMoved(Filter filter) {
      this.filter = filter;
    }

    @Override
    public void init(FilterConfig config) throws ServletException {
      filter.init(config);
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      if (isMoved) {
        filter.doFilter(request, response, chain);
      } else {
        chain.doFilter(request, response);
      }
    }
  }

  @Test
  void user_staysLoggedIn_untilTheLogout() {
    Browser ann = site.browser();
    ShiroFlows.logIn(ann, "ann", "ticket");
    ann.get("/note?text=scarlet");
    isMoved = true;
    assertThat(ann.get("/payment").body())
        .contains("who=ann authenticated=true")
        .contains("note=scarlet");
    assertThat(bridge.counts().accepted()).isEqualTo(1);
    assertThat(sessions.sessionsOf("ann")).hasSize(1);
    ann.get("/logout");
    assertThat(sessions.sessionsOf("ann")).isEmpty();
    assertThat(ann.get("/payment").path()).isEqualTo("/login");
  }

  @Test
  void rememberedUser_isAdoptedAsOneWhoLoggedIn() {
    Instant begin = Instant.now().minusMillis(1);
    Browser bob = site.browser();
    bob.post("/login", "username", "bob", "password", "ticket", "rememberMe", "true");
    bob.restart();
    bob.get("/account");
    bob.get("/note?text=blue");
    isMoved = true;
    assertThat(bob.get("/account").body()).contains("who=bob").contains("note=blue");
    assertThat(sessions.sessionsOf("bob"))
        .singleElement()
        .satisfies(
            session ->
                assertThat(session.authenticatedAt())
                    .hasValueSatisfying(at -> assertThat(at).isBetween(begin, Instant.now())));
  }
}
