package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.LoginOptions;
import io.coatcheck.session.codec.JavaSerializationCodec;
import jakarta.servlet.http.HttpSessionBindingListener;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Otherwise a register of ids, such as a framework keeps, would never forget one of them. */
@DisplayName("If another request has renewed the secret, listeners are given the latest id")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class IdsInOrderTest {

  private static final Duration RENEWAL = Duration.ofMinutes(2);

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;
  private String id;
  private final List<String> ended = new CopyOnWriteArrayList<>();

  /** A value whose end is reported with that of the session. */
  private record Note(String text) implements HttpSessionBindingListener, Serializable {}

  @BeforeEach
  void start() {
    site =
        new Site(
            container,
            true,
            builder ->
                builder
                    .codec(JavaSerializationCodec.builder().allow(Note.class.getName()).build())
                    .renewInterval(RENEWAL),
            UnaryOperator.identity());
    browser = site.browser();
    browser.get("/begin");
    id = browser.token().substring(0, 36);
    site.listener().heard();
    site.listener().atEnd(session -> ended.add(session.getId()));
    site.clock.advance(RENEWAL);
  }

  /** Serves a request, during which another one gives the session a new secret. */
  private void serve(Handler afterwards) {
    String token = browser.token();
    site.within(
        browser,
        (request, response) -> {
          assertThat(request.getSession(false)).isNotNull();
          assertThat(site.browser().token(token).get("/me").status()).isEqualTo(200);
          assertThat(site.listener().heard()).containsExactly("id " + id + "~0 > " + id + "~1");
          afterwards.handle(request, response);
        });
  }

  @Test
  @DisplayName("that an explicit change replaces")
  void changed() {
    serve((request, response) -> request.changeSessionId());

    assertThat(site.listener().heard()).containsExactly("id " + id + "~1 > " + id + "~2");
  }

  @Test
  @DisplayName("that a login replaces")
  void loggedIn() {
    serve((request, response) -> WebSession.of(request).login("alice"));

    assertThat(site.listener().heard()).containsExactly("id " + id + "~1 > " + id + "~2");
  }

  @Test
  @DisplayName("that a logout ends")
  void loggedOut() {
    serve((request, response) -> WebSession.of(request).logout());

    assertThat(ended).containsExactly(id + "~1");
  }

  @Test
  @DisplayName("that ends with a login whose condition does not hold")
  void loginThatDoesNotHold() {
    serve(
        (request, response) -> {
          request.getSession().setAttribute("note", new Note("bound"));
          WebSession.of(request)
              .login("alice", LoginOptions.builder().validIf(() -> false).build());
        });

    assertThat(ended).containsExactly(id + "~1");
  }

  @Test
  @DisplayName(
      "that ends with a login whose condition does not hold, and has no value that listens")
  void loginThatDoesNotHold_ofASessionWithoutListeners() {
    serve(
        (request, response) ->
            WebSession.of(request)
                .login("alice", LoginOptions.builder().validIf(() -> false).build()));

    assertThat(ended).containsExactly(id + "~1");
  }

  @Test
  @DisplayName("that the condition of a login ends by itself, and no other id after that")
  void endedByTheCondition() {
    serve(
        (request, response) ->
            WebSession.of(request)
                .login(
                    "alice",
                    LoginOptions.builder()
                        .validIf(() -> site.manager.revokeAllOf("alice") == 1)
                        .build()));

    assertThat(ended).containsExactly(id + "~1");
    assertThat(site.listener().heard()).noneMatch(heard -> heard.startsWith("id "));
  }

  @Test
  @DisplayName("that the condition of a login ends by itself, and that has a value that listens")
  void endedByTheCondition_withAValueThatListens() {
    serve(
        (request, response) -> {
          request.getSession().setAttribute("note", new Note("bound"));
          WebSession.of(request)
              .login(
                  "alice",
                  LoginOptions.builder()
                      .validIf(() -> site.manager.revokeAllOf("alice") == 1)
                      .build());
        });

    assertThat(ended).containsExactly(id + "~1");
    assertThat(site.listener().heard()).noneMatch(heard -> heard.startsWith("id "));
  }
}
