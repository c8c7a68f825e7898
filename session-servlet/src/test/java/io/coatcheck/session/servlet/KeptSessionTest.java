package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.lang.ref.Reference;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.EventListener;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("attack 18, I1: a session that is kept when its request is over leads to no secret")
@ParameterizedClass(name = "{0}")
@EnumSource(Container.class)
class KeptSessionTest {

  @Parameter Container container;

  private final Map<String, HttpSession> kept = new ConcurrentHashMap<>();
  private final CountDownLatch returned = new CountDownLatch(1);
  private Site site;
  private SessionManager manager;

  @BeforeEach
  void start() {
    site = new Site(container, true, builder -> builder, builder -> builder);
    manager =
        SessionManager.builder(
                NearCacheSessionStore.builder(site.store)
                    .maxStaleness(Duration.ofSeconds(30))
                    .build())
            .cleanUpInterval(Duration.ZERO)
            .build();
    site.filters(
        (request, response, chain) -> {
          chain.doFilter(request, response);
          returned.countDown();
        },
        SessionFilter.builder(manager).header(SessionHeader.named("X-Session")).build());
    site.on("/login", this::login)
        .on("/keep", (request, response) -> keep(request))
        .on("/renew", this::renew)
        .on("/put", this::put)
        .on(
            "/forward",
            (request, response) ->
                request.getRequestDispatcher("/renew").forward(request, response))
        .on(
            "/error",
            (request, response) -> {
              renew(request, response);
              response.sendError(418);
            })
        .on(Site.ERROR_PAGE, this::put)
        .on("/dispatch", (request, response) -> request.startAsync().dispatch("/renew"))
        .on(
            "/async",
            (request, response) -> {
              AsyncContext context = request.startAsync();
              new Thread(
                      () -> {
                        await(returned);
                        renew(request, response);
                        context.complete();
                      })
                  .start();
            });
  }

  @AfterEach
  void stop() {
    manager.close();
    site.close();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void keep(HttpServletRequest request) {
    kept.put("session", request.getSession());
  }

  private void login(HttpServletRequest request, Object response) {
    WebSession.of(request).login("alice");
    keep(request);
  }

  private void renew(HttpServletRequest request, Object response) {
    WebSession.of(request).renew();
    keep(request);
  }

  private void put(HttpServletRequest request, Object response) {
    request.getSession().setAttribute("a", "1");
    keep(request);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/login",
        "/keep",
        "/renew",
        "/put",
        "/forward",
        "/error",
        "/missing",
        "/dispatch",
        "/async"
      })
  void secret_isNotReached(String path) {
    Browser browser = site.browser();
    browser.get("/login");
    String before = browser.token();

    assertThat(browser.get(path).status()).isIn(200, 404, 418);

    assertNoSecret(before);
    assertNoSecret(browser.token());
  }

  @Test
  void secretOfTheHeader_isNotReached() {
    Browser browser = site.browser();
    browser.get("/login");

    String token = browser.token();
    String next = site.browser().send("GET", "/renew", "X-Session", token).header("X-Session");

    assertNoSecret(token);
    assertNoSecret(next);
  }

  @Test
  @DisplayName("the kept session still returns whether it is live, and can be ended")
  void keptSession_isOfUse() {
    Browser browser = site.browser();
    browser.get("/login");
    browser.get("/keep");
    HttpSession session = kept.get("session");

    assertThat(WebSession.of(session).isStillLive()).isTrue();
    WebSession.of(session).logout();
    assertThat(WebSession.of(session).isStillLive()).isFalse();
    assertThat(site.stored(browser.token())).isNull();
  }

  private void assertNoSecret(String token) {
    String secret = token.substring(token.indexOf('.') + 1);
    // The answer may reach the client before the filter has returned.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    String path;
    do {
      path = pathTo(secret, kept.get("session"));
    } while (path != null && System.nanoTime() < deadline);
    assertThat(path).isNull();
  }

  private record Step(Object object, String path) {}

  /** Returns how a text is reached from an object, by fields of any kind; null if it is not. */
  private static String pathTo(String secret, Object start) {
    byte[] bytes = secret.getBytes(StandardCharsets.ISO_8859_1);
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Step> steps = new ArrayDeque<>();
    steps.add(new Step(start, "session"));
    while (!steps.isEmpty()) {
      Step step = steps.remove();
      Object object = step.object();
      // The container itself has the buffers of its connections, and listeners are the
      // application's.
      if (object instanceof ServletContext
          || object instanceof EventListener
          || object instanceof ClassLoader
          || object instanceof Thread
          || object instanceof Class<?>
          || !seen.add(object)) {
        continue;
      }
      if ((object instanceof String text && text.contains(secret))
          || (object instanceof byte[] array && contains(array, bytes))
          || (object instanceof char[] characters && new String(characters).contains(secret))) {
        return step.path();
      }
      successors(step)
          .forEach(
              next -> {
                if (next.object() != null) {
                  steps.add(next);
                }
              });
    }
    return null;
  }

  private static boolean contains(byte[] array, byte[] part) {
    return new String(array, StandardCharsets.ISO_8859_1)
        .contains(new String(part, StandardCharsets.ISO_8859_1));
  }

  private static List<Step> successors(Step step) {
    Object object = step.object();
    if (object instanceof Object[] array) {
      return Arrays.stream(array).map(each -> new Step(each, step.path() + "[]")).toList();
    }
    if (object instanceof Map<?, ?> map) {
      List<Step> entries = new java.util.ArrayList<>();
      map.forEach(
          (key, value) -> {
            entries.add(new Step(key, step.path() + ".key"));
            entries.add(new Step(value, step.path() + "[" + key + "]"));
          });
      return entries;
    }
    if (object instanceof Iterable<?> values && object.getClass().getName().startsWith("java.")) {
      List<Step> elements = new java.util.ArrayList<>();
      values.forEach(value -> elements.add(new Step(value, step.path() + "[]")));
      return elements;
    }
    if (object instanceof Optional<?> value) {
      return List.of(new Step(value.orElse(null), step.path()));
    }
    if (object instanceof Reference<?> reference) {
      return List.of(new Step(reference.get(), step.path()));
    }
    if (object.getClass().getName().startsWith("java.")) {
      return List.of();
    }
    List<Step> fields = new java.util.ArrayList<>();
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
          try {
            field.setAccessible(true);
            fields.add(new Step(field.get(object), step.path() + "." + field.getName()));
          } catch (IllegalAccessException | RuntimeException e) {
            // A class of the JDK: what it holds was looked at as far as its methods show it.
          }
        }
      }
    }
    return fields;
  }
}
