package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.SessionStoreException;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName(
    "Checked exceptions that are not declared, as Kotlin, Groovy and Lombok's SneakyThrows throw them")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class UndeclaredExceptionTest {

  @Parameter Container container;

  @AutoClose private Site site;
  private Browser browser;

  @BeforeEach
  void start() {
    site = new Site(container);
    browser = site.browser();
  }

  @SuppressWarnings("unchecked")
  private static <E extends Exception> void sneak(Exception e) throws E {
    throw (E) e;
  }

  private static void fail(Exception e) {
    UndeclaredExceptionTest.<RuntimeException>sneak(e);
  }

  private void failingFilter(Exception e) {
    Filter failing =
        (request, response, chain) -> {
          chain.doFilter(request, response);
          fail(e);
        };
    site.filters(SessionFilter.builder(site.manager).build(), failing);
  }

  @Test
  @DisplayName("B05: what was set before one is saved, as before any other")
  void exception_savesWhatWasSet() {
    failingFilter(new TimeoutException("on purpose"));

    Browser.Answer answer = browser.get("/begin");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("a");
  }

  @Test
  @DisplayName("I9: one that a failure of the store has caused is answered with 503")
  void causedByTheStore_isAnsweredWith503() {
    failingFilter(new Exception(new SessionStoreException("on purpose")));

    assertThat(browser.get("/me").status()).isEqualTo(503);
  }

  @Test
  @DisplayName("F10: one of a listener stops neither the other listeners nor what happens")
  void listener_stopsNoOther() {
    List<String> heard = new CopyOnWriteArrayList<>();
    AtomicInteger leases = new AtomicInteger();
    HttpSessionListener failing =
        new HttpSessionListener() {
          @Override
          public void sessionCreated(HttpSessionEvent event) {
            fail(new TimeoutException("created"));
          }

          @Override
          public void sessionDestroyed(HttpSessionEvent event) {
            fail(new TimeoutException("destroyed"));
          }
        };
    HttpSessionListener other =
        new HttpSessionListener() {
          @Override
          public void sessionCreated(HttpSessionEvent event) {
            heard.add("created");
          }

          @Override
          public void sessionDestroyed(HttpSessionEvent event) {
            heard.add("destroyed");
          }
        };
    site.filters(
        SessionFilter.builder(site.manager)
            .listener(failing)
            .listener(other)
            .listener(failing)
            .build());
    site.on(
        "/lease",
        (request, response) ->
            request
                .getSession()
                .setAttribute(
                    "lease",
                    new HttpSessionBindingListener() {
                      @Override
                      public void valueBound(HttpSessionBindingEvent event) {
                        leases.incrementAndGet();
                      }

                      @Override
                      public void valueUnbound(HttpSessionBindingEvent event) {
                        leases.decrementAndGet();
                        fail(new TimeoutException("unbound"));
                      }
                    }));

    assertThat(browser.get("/lease").status()).isEqualTo(200);
    assertThat(browser.get("/logout").status()).isEqualTo(200);

    assertThat(heard).containsExactly("created", "destroyed");
    assertThat(leases).hasValue(0);
    assertThat(browser.token()).isNull();
  }

  @Test
  @DisplayName("one of what is done before complete is logged, and answered with 500")
  void beforeComplete_isAnswered() {
    site.on(
        "/async",
        (request, response) -> {
          AsyncContext context = request.startAsync();
          WebSession.of(request)
              .bridge()
              .beforeCommit(() -> fail(new TimeoutException("on purpose")));
          context.start(
              () -> {
                request.getSession().setAttribute("late", "1");
                context.complete();
              });
        });

    assertThat(browser.get("/async").status()).isEqualTo(500);
    assertThat(site.stored(browser.token()).attributes()).containsOnlyKeys("late");
  }
}
