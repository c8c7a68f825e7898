package io.coatcheck.examples.springboot;

import io.coatcheck.test.clients.Visitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.DoubleSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * People who use the example on two nodes that share a database, and on a third one that keeps its
 * sessions in memory. They come one after the other, except where their requests are to collide.
 */
final class Crowd {

  private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");
  private static final String COOKIE = "__Host-session";
  private static final int CLICKS = 6;
  private static final int COLLISION_TRIES = 5;

  private final Random random = new Random(15);
  private final List<String> nodes;
  private final String memory;
  private final DoubleSupplier conflicts;

  /** Those who are logged in, and do not know yet if their session has ended. */
  private final List<User> users = new ArrayList<>();

  /** The cookie of a session that has ended. */
  private String ended = "";

  /**
   * @param conflicts how many writes of both nodes were repeated by now
   */
  Crowd(List<String> nodes, String memory, DoubleSupplier conflicts) {
    this.nodes = nodes;
    this.memory = memory;
    this.conflicts = conflicts;
  }

  private record User(String name, Visitor browser) {}

  /** Lets some of them come, who do something else at each step. */
  void step(int number) throws IOException, InterruptedException {
    for (int i = 0; i < CLICKS && !users.isEmpty(); i++) {
      click();
    }
    if (number % 2 == 0) {
      logIn(number);
    }
    if (number % 7 == 0) {
      logOut("/", "/logout");
    }
    if (number % 40 == 39) {
      logOut("/devices", "/devices/sign-out-everywhere");
    }
    if (number % 10 == 0) {
      presentRefusedCookies();
    }
    if (number % 8 == 0) {
      collide();
    }
    new Visitor(memory).get("/devices");
  }

  private String anyNode() {
    return nodes.get(random.nextInt(nodes.size()));
  }

  /** Takes a user out of the list, who may come back at another node. */
  private User anyUser() {
    User user = users.remove(random.nextInt(users.size()));
    return new User(user.name(), user.browser().at(anyNode()));
  }

  private void click() throws IOException, InterruptedException {
    User user = anyUser();
    if (user.browser().get("/").statusCode() != 302) {
      users.add(user);
    }
  }

  private void logIn(int number) throws IOException, InterruptedException {
    Visitor browser = new Visitor(anyNode());
    browser.get("/devices");
    String before = browser.cookie(COOKIE);
    Optional<String> token = token(browser.get("/login"));
    if (token.isEmpty()) {
      return;
    }
    String name = number % 4 == 0 ? "alice" : "bob";
    HttpResponse<String> answer =
        browser.postWithToken(
            token.get(),
            "/login",
            "username",
            name,
            "password",
            name.equals("alice") ? "wonderland-1" : "builder-1");
    if (answer.statusCode() == 302) {
      users.add(new User(name, browser));
      withCookie(before);
    }
  }

  private void logOut(String page, String action) throws IOException, InterruptedException {
    if (!users.isEmpty()) {
      User user = anyUser();
      ended = user.browser().cookie(COOKIE);
      Optional<String> token = token(user.browser().get(page));
      if (token.isPresent()) {
        user.browser().postWithToken(token.get(), action);
      }
    }
  }

  private static Optional<String> token(HttpResponse<String> page) {
    Matcher token = TOKEN.matcher(page.body());
    return token.find() ? Optional.of(token.group(1)) : Optional.empty();
  }

  /** A forged cookie, one that is not a token at all, and one of a session that has ended. */
  private void presentRefusedCookies() throws IOException, InterruptedException {
    if (!users.isEmpty()) {
      String id = users.get(0).browser().cookie(COOKIE).split("[.]", 2)[0];
      withCookie(id + "." + "A".repeat(43));
    }
    withCookie("no-token");
    withCookie(ended);
  }

  private void withCookie(String value) throws IOException, InterruptedException {
    Visitor browser = new Visitor(anyNode());
    browser.take(COOKIE, value);
    browser.get("/");
  }

  /** Tries until two writes have collided: when requests run is up to the machine. */
  private void collide() throws IOException, InterruptedException {
    double before = conflicts.getAsDouble();
    for (int i = 0; i < COLLISION_TRIES && conflicts.getAsDouble() == before; i++) {
      openTabs();
    }
  }

  /** Each of these requests stores where the login is to lead, in the same session. */
  private void openTabs() throws IOException, InterruptedException {
    Visitor browser = new Visitor(anyNode());
    browser.get("/devices");
    CompletableFuture.allOf(
            IntStream.range(0, 4)
                .mapToObj(i -> browser.at(nodes.get(i % nodes.size())))
                .map(tab -> CompletableFuture.runAsync(() -> open(tab)))
                .toArray(CompletableFuture[]::new))
        .join();
  }

  private static void open(Visitor tab) {
    try {
      tab.get("/devices");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
